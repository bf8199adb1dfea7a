use crate::raw;
use std::sync::Arc;

use passerelle::dmp::code::{Code, system};
use passerelle::dmp::document::{Availability, ReferenceId, ReferenceKind};
use passerelle::dmp::folder::Listed;
use passerelle::dmp::person::Identifier;
use passerelle::dmp::query::*;
use passerelle::dmp::submission::NewDocument;
use passerelle::dmp::time::Timestamp;
use passerelle::dmp::trace::TracedAct;
use passerelle::policy::Act;
use uuid::Uuid;

use crate::world::*;

fn token(system: Option<&str>, code: &str) -> Token {
    Token {
        system: system.map(str::to_owned),
        code: code.to_owned(),
    }
}

/// Two documents that differ in everything: the one asked for, and the other.
async fn pair(world: &World, change: impl Fn(&mut NewDocument)) -> (Uuid, Uuid) {
    let mut wanted = document(&world.ins);
    change(&mut wanted);
    let wanted = world.deposit(&physician(), wanted).await.id;
    (
        wanted,
        world.deposit(&physician(), document(&world.ins)).await.id,
    )
}

async fn found(world: &World, condition: Condition) -> Vec<Uuid> {
    let (total, found) = world.find(&physician(), &query(vec![condition])).await;
    assert_eq!(total as usize, found.len());
    found
}

pub async fn coded_conditions(url: &str) {
    let world = World::new(url).await;
    let (wanted, other) = pair(&world, |document| {
        let metadata = &mut document.metadata;
        metadata.type_code = Code::new("11502-2", system::LOINC);
        metadata.class = Code::new("11", system::CLASS);
        metadata.format = Code::new("urn:f", "1.9.1");
        metadata.events = vec![Code::new("E1", "1.9.2"), Code::new("E2", "1.9.2")];
        metadata.facility_type = Code::new("SA99", "1.9.3");
        metadata.practice_setting = Code::new("AMBULATOIRE", "1.9.4");
        metadata.labels.masked = true;
    })
    .await;
    for (field, code, of) in [
        (CodedField::Type, "11502-2", system::LOINC),
        (CodedField::Class, "11", system::CLASS),
        (CodedField::Format, "urn:f", "1.9.1"),
        (CodedField::Event, "E2", "1.9.2"),
        (CodedField::FacilityType, "SA99", "1.9.3"),
        (CodedField::PracticeSetting, "AMBULATOIRE", "1.9.4"),
        (CodedField::Confidentiality, "MASQUE_PS", system::VISIBILITY),
    ] {
        let ask = async |tokens| found(&world, Condition::Coded(field, tokens)).await;
        assert_eq!(ask(vec![token(None, code)]).await, [wanted], "{field:?}");
        assert_eq!(
            ask(vec![token(Some(of), code)]).await,
            [wanted],
            "{field:?}"
        );
        assert!(
            ask(vec![token(Some("1.2.3"), code)]).await.is_empty(),
            "{field:?}"
        );
        assert!(
            ask(vec![token(Some(""), code)]).await.is_empty(),
            "{field:?}"
        );
        assert!(
            ask(vec![token(None, "nothing")]).await.is_empty(),
            "{field:?}"
        );
        assert!(
            ask(vec![token(Some(of), "")]).await.contains(&wanted),
            "{field:?}"
        );
        assert_eq!(
            ask(vec![token(None, "nothing"), token(None, code)]).await,
            [wanted],
            "{field:?}"
        );
        assert!(ask(vec![]).await.is_empty(), "{field:?}");
    }
    let ordinary = Condition::Coded(CodedField::Confidentiality, vec![token(None, "N")]);
    assert_eq!(found(&world, ordinary).await, [wanted, other]);
    let sent = Condition::Coded(CodedField::ContentType, vec![token(None, "04")]);
    assert_eq!(found(&world, sent).await, [wanted, other]);
    assert!(found(&world, Condition::Never).await.is_empty());
    // All conditions hold together.
    let both = query(vec![
        Condition::Coded(CodedField::Type, vec![token(None, "11502-2")]),
        Condition::Coded(CodedField::Class, vec![token(None, "10")]),
    ]);
    assert_eq!(world.find(&physician(), &both).await.0, 0);
    let mut replaced = query(vec![]);
    replaced.availability = vec![Availability::Deprecated];
    assert_eq!(world.find(&physician(), &replaced).await.0, 0);
    replaced.availability.clear();
    assert_eq!(world.find(&physician(), &replaced).await.0, 0);
}

fn bound(comparison: Comparison, text: &str) -> TimeBound {
    let (start, end) = Timestamp::from_fhir(text).expect("time").span();
    TimeBound {
        comparison,
        start,
        end,
    }
}

pub async fn times(url: &str) {
    use Comparison::*;
    let world = World::new(url).await;
    let mut document = document(&world.ins);
    document.metadata.creation_time = time("2021-04-09T15:35:00+02:00");
    document.metadata.service_start = time("2021-03-10");
    document.metadata.service_stop = Some(time("2021-03-20"));
    world.deposit(&physician(), document).await;
    let holds = async |field, comparison, text| {
        let condition = Condition::Time(field, vec![bound(comparison, text)]);
        !found(&world, condition).await.is_empty()
    };
    use TimeField::*;
    for (field, comparison, text, expected) in [
        (Creation, Equal, "2021-04-09", true),
        (Creation, Equal, "2021-04-09T15:35:00+02:00", true),
        (Creation, Equal, "2021-04-09T13:35:00Z", true),
        (Creation, Equal, "2021-04-09T13:35:01Z", false),
        (Creation, Equal, "2021-04-10", false),
        (Creation, NotEqual, "2021-04-10", true),
        (Creation, NotEqual, "2021-04-09", false),
        (Creation, Less, "2021-04-10", true),
        (Creation, Less, "2021-04-09", false),
        (Creation, Greater, "2021-04-08", true),
        (Creation, Greater, "2021-04-09", false),
        (Creation, LessOrEqual, "2021-04-09", true),
        (Creation, LessOrEqual, "2021-04-08", false),
        (Creation, GreaterOrEqual, "2021-04-09", true),
        (Creation, GreaterOrEqual, "2021-04-10", false),
        (Creation, StartsAfter, "2021-04-08", true),
        (Creation, StartsAfter, "2021-04-09", false),
        (Creation, EndsBefore, "2021-04-10", true),
        (Creation, EndsBefore, "2021-04-09", false),
        (Creation, Approximately, "2021-04", true),
        (Creation, Approximately, "2021-05", false),
        (Period, Equal, "2021-03-15", true),
        (Period, Equal, "2021-03-21", false),
        (Period, GreaterOrEqual, "2021-03-20", true),
        (Period, GreaterOrEqual, "2021-03-21", false),
        (Period, LessOrEqual, "2021-03-10", true),
        (Period, LessOrEqual, "2021-03-09", false),
        (Period, NotEqual, "2021-03-15", false),
        (PeriodStart, Equal, "2021-03-10", true),
        (PeriodStart, Equal, "2021-03-20", false),
        (PeriodEnd, Equal, "2021-03-20", true),
        (PeriodEnd, Equal, "2021-03-10", false),
        (Deposited, Less, "2021", false),
        (Deposited, Greater, "2021", true),
        (Updated, Greater, "2021", true),
    ] {
        assert_eq!(
            holds(field, comparison, text).await,
            expected,
            "{field:?} {comparison:?} {text}"
        );
    }
    let either = vec![bound(Equal, "1999"), bound(Equal, "2021")];
    assert_eq!(
        found(&world, Condition::Time(Creation, either)).await.len(),
        1
    );
}

pub async fn identifiers_and_relations(url: &str) {
    let world = World::new(url).await;
    let mut old = document(&world.ins);
    let uuid = Uuid::new_v4();
    old.metadata.unique_id = uuid.to_string().parse().expect("unique id");
    let old = world.deposit(&physician(), old).await;
    let unique = old.metadata.unique_id.clone();
    let new = world
        .deposit(&physician(), replacing(&world.ins, &unique))
        .await;
    for key in [
        DocumentKey::Unique(unique.clone()),
        DocumentKey::Uuid(uuid),
        DocumentKey::Id(old.id),
    ] {
        assert_eq!(
            found(&world, Condition::Identifier(vec![key.clone()])).await,
            [old.id]
        );
        assert_eq!(
            found(&world, Condition::RelatesTo(vec![key])).await,
            [new.id]
        );
    }
    let by_entry = DocumentKey::Uuid(new.entry_uuid);
    assert_eq!(
        found(&world, Condition::Identifier(vec![by_entry])).await,
        [new.id]
    );
    // Replacing gave the old one a new entryUUID; the one that it had leads to it still.
    let before = DocumentKey::Uuid(old.entry_uuid);
    assert_eq!(
        found(&world, Condition::Identifier(vec![before])).await,
        [old.id]
    );
    let entries = raw::column(&world.url, "SELECT entry FROM document_text").await;
    let present = format!("\"entry_uuid\":\"{}\"", old.entry_uuid);
    assert!(entries.iter().all(|text| !text.contains(&present)));
    assert_eq!(
        found(&world, Condition::Id(vec![new.id, Uuid::new_v4()])).await,
        [new.id]
    );
    let mut replaced = query(vec![]);
    replaced.availability = vec![Availability::Deprecated];
    assert_eq!(world.find(&physician(), &replaced).await, (1, vec![old.id]));
}

pub async fn author_names(url: &str) {
    let world = World::new(url).await;
    let (wanted, _) = pair(&world, |document| {
        document.metadata.authors = vec![author("899900000052", "Château_Noir", "Maëlle Inès")];
    })
    .await;
    use {AuthorPart::*, TextMatch::*};
    for (part, how, text, expected) in [
        (Family, Begins, "chateau", true),
        (Family, Begins, "CHÂT", true),
        (Family, Begins, "noir", false),
        (Family, Begins, "chateaux", false),
        (Family, Contains, "NOIR", true),
        (Family, Contains, "u_n", true),
        (Family, Contains, "_u", false),
        (Family, Contains, "%", false),
        (Family, Exact, "Château_Noir", true),
        (Family, Exact, "chateau_noir", false),
        (Family, Begins, "mae", false),
        (Given, Begins, "ines", true),
        (Given, Begins, "maelle i", true),
        (Given, Exact, "Inès", true),
        (Given, Exact, "Ines", false),
        (Any, Begins, "ines", true),
        (Any, Begins, "chat", true),
        (Any, Begins, "x", false),
    ] {
        let names = vec!["zzz".to_owned(), text.to_owned()];
        let condition = Condition::AuthorName(part, how, names);
        let expected: &[Uuid] = if expected { &[wanted] } else { &[] };
        assert_eq!(
            found(&world, condition).await,
            expected,
            "{part:?} {how:?} {text}"
        );
    }
    for (of, expected) in [
        (None, true),
        (Some(system::PS_ID_NAT), true),
        (Some("1.2"), false),
    ] {
        let condition = Condition::AuthorId(vec![token(of, "899900000052")]);
        assert_eq!(found(&world, condition).await.len(), usize::from(expected));
    }
}

pub async fn references(url: &str) {
    let world = World::new(url).await;
    let reference = |kind, root: &str, extension: &str| ReferenceId {
        kind,
        id: Identifier {
            root: root.into(),
            extension: extension.into(),
        },
    };
    let (wanted, _) = pair(&world, |document| {
        document.metadata.references = vec![
            reference(ReferenceKind::Order, "1.2.3", "ORDER-1"),
            reference(ReferenceKind::StudyInstanceUid, "1.2.840.99", ""),
        ];
    })
    .await;
    for (of, code, expected) in [
        (Some("1.2.3"), "ORDER-1", true),
        (None, "ORDER-1", true),
        (Some("1.2.4"), "ORDER-1", false),
        (Some("URN"), "urn:oid:1.2.840.99", true),
        (None, "urn:oid:1.2.3", false),
    ] {
        let condition = Condition::Reference(vec![token(of, code)]);
        let expected: &[Uuid] = if expected { &[wanted] } else { &[] };
        assert_eq!(found(&world, condition).await, expected, "{of:?} {code}");
    }
}

pub async fn submissions_by_their_own_attributes(url: &str) {
    let world = World::new(url).await;
    let doctor = physician();
    let permit = world.permit(&doctor, &Act::Deposit).await;
    let mut set = submission(&world.ins, vec![document(&world.ins)]);
    set.metadata.content_type = Code::new("07", "1.2.250.1.213.2.2");
    set.metadata.source_id = "1.2.250.1.999.7".into();
    set.metadata.title = Some("Été à l'hôpital".into());
    set.metadata.submission_time = time("2020-02-02T10:00:00Z");
    set.metadata.author = Some(author("899900000052", "Château", "Inès"));
    let trace = world.trace(&doctor, TracedAct::ProvideBundle);
    let sent = world
        .store
        .deposit(&permit, set.clone(), trace)
        .await
        .expect("deposit")
        .submission;
    world.deposit(&doctor, document(&world.ins)).await;
    let unique = set.metadata.unique_id;
    let text = |text: &str| vec![text.to_owned()];
    for (condition, expected) in [
        (
            Condition::Coded(CodedField::ContentType, vec![token(None, "07")]),
            1,
        ),
        (
            Condition::Coded(CodedField::Type, vec![token(None, SHARED_TYPE)]),
            0,
        ),
        (Condition::SourceId(text("1.2.250.1.999.7")), 1),
        (Condition::Title(TextMatch::Begins, text("ete a")), 1),
        (Condition::Title(TextMatch::Exact, text("ete a")), 0),
        (Condition::Title(TextMatch::Contains, text("Hopital")), 1),
        (
            Condition::Time(
                TimeField::Deposited,
                vec![bound(Comparison::Equal, "2020-02-02")],
            ),
            1,
        ),
        (
            Condition::Time(TimeField::Period, vec![bound(Comparison::Equal, "2020")]),
            0,
        ),
        (
            Condition::Time(
                TimeField::Updated,
                vec![bound(Comparison::Equal, "2020-02-02")],
            ),
            0,
        ),
        (Condition::AuthorId(vec![token(None, "899900000052")]), 1),
        (
            Condition::AuthorName(AuthorPart::Family, TextMatch::Begins, text("chateau")),
            1,
        ),
        (
            Condition::AuthorName(AuthorPart::Any, TextMatch::Begins, text("personne")),
            0,
        ),
        (Condition::Identifier(vec![DocumentKey::Unique(unique)]), 1),
        (
            Condition::Identifier(vec![DocumentKey::Uuid(sent.entry_uuid)]),
            1,
        ),
        (Condition::Id(vec![sent.id]), 1),
        (Condition::Never, 0),
    ] {
        let permit = world.permit(&doctor, &Act::SearchSubmissions).await;
        let trace = world.trace(&doctor, TracedAct::SearchSubmissions);
        let asked = query(vec![condition.clone()]);
        let page = world
            .store
            .find_lists(&permit, &asked, trace)
            .await
            .expect("search");
        assert_eq!(page.total, expected, "{condition:?}");
        assert!(
            page.rows
                .iter()
                .all(|found| *found == Listed::Submission(Box::new(sent.clone()))),
            "{condition:?}"
        );
    }
    let permit = world.permit(&doctor, &Act::SearchSubmissions).await;
    let trace = world.trace(&doctor, TracedAct::SearchSubmissions);
    let mut asked = query(vec![]);
    asked.availability = vec![Availability::Deprecated];
    let page = world
        .store
        .find_lists(&permit, &asked, trace)
        .await
        .expect("search");
    assert_eq!(page.total, 0);
}

pub async fn pages_neither_shift_nor_count_twice(url: &str) {
    let world = World::new(url).await;
    let mut expected = Vec::new();
    for n in 0..11 {
        let mut one = document(&world.ins);
        // Several share a sort key: ties are broken by id.
        one.metadata.creation_time = time(if n % 3 == 0 {
            "2022-01-01"
        } else {
            "2023-01-01"
        });
        let id = world.deposit(&physician(), one).await.id;
        expected.push((n % 3 != 0, id));
        world.deposit(&other_physician(), masked(&world.ins)).await;
    }
    for descending in [false, true] {
        expected.sort();
        if descending {
            expected.reverse();
        }
        let mut asked = query(vec![]);
        asked.sort[0].descending = descending;
        asked.count = 4;
        let mut found = Vec::new();
        loop {
            let permit = world
                .permit(
                    &physician(),
                    &Act::SearchDocuments {
                        by_identifier: false,
                    },
                )
                .await;
            let trace = world.trace(&physician(), TracedAct::SearchDocuments);
            let page = world
                .store
                .find_documents(&permit, &asked, trace)
                .await
                .expect("page");
            assert_eq!(page.total, 11);
            found.extend(page.rows.iter().map(|row| row.id));
            match page.next {
                Some(next) => asked.after = Some(next),
                None => break,
            }
            // What comes meanwhile at the front of the order does not shift the pages.
            assert!(page.rows.len() == 4);
        }
        let ids: Vec<Uuid> = expected.iter().map(|(_, id)| *id).collect();
        assert_eq!(found, ids);
    }
    for field in [SortField::Deposited, SortField::Updated] {
        let mut asked = query(vec![]);
        asked.sort = vec![Sort {
            field,
            descending: true,
        }];
        asked.count = 1;
        let newest = expected.iter().map(|(_, id)| *id).max().expect("one");
        assert_eq!(world.find(&physician(), &asked).await, (11, vec![newest]));
    }
    let mut counted = query(vec![]);
    counted.count = 0;
    assert_eq!(world.find(&physician(), &counted).await, (11, vec![]));
}

pub async fn totals_and_pages_hold_while_others_write(url: &str) {
    let world = Arc::new(World::new(url).await);
    let writer = {
        let world = world.clone();
        tokio::spawn(async move {
            for _ in 0..40 {
                // Two at a time, one of which is hidden: no reader may ever see an odd state.
                let documents = vec![
                    document(&world.ins),
                    document(&world.ins),
                    masked(&world.ins),
                ];
                world
                    .try_deposit(&physician(), documents)
                    .await
                    .expect("deposit");
            }
        })
    };
    let mut last = 0;
    let mut asked = query(vec![]);
    asked.count = 10;
    while !writer.is_finished() {
        let (total, found) = world.find(&other_physician(), &asked).await;
        assert_eq!(total % 2, 0, "a submission is seen whole");
        assert!(total >= last, "nothing vanishes");
        assert_eq!(
            found.len() as u64,
            total.min(10),
            "page and total are of one state"
        );
        last = total;
    }
    writer.await.expect("writer");
    assert_eq!(world.find(&other_physician(), &asked).await.0, 80);
}
