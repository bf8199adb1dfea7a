//! The register of vaccinations through the life of its record, on both databases: caregivers, another INS, the end of the record,
//! what was deposited before there was a register, many entries, callers who see different documents, and `$validate`.
#![allow(missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "store/raw.rs"]
mod raw;
mod support;

use hyper::Method;
use serde_json::{Value, json};
use support::client::encode;
use support::consent::right;
use support::document::{PATIENT, ins};
use support::portal::ISSUER;
use support::{Admin, Client, Document, Options, Portal, Server, consent_for, with_admin};

const MEDECIN: &str = "899900000011";
const STRUCTURE: (&str, &str) = ("DMP-Structure", "10B0000014");
const NOTE: &str = "87273-9";
const HISTORY: &str = "11369-6";
const FLAGS: &str = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";

struct World {
    server: Server,
    portal: Portal,
    url: String,
}

/// The same on SQLite and, where it is installed, on PostgreSQL.
async fn on_both(check: impl AsyncFn(&World)) {
    check(&World::new(None).await).await;
    if let Some(home) = support::home::Home::postgres().await {
        check(&World::new(Some(home.url.clone())).await).await;
    }
}

impl World {
    async fn new(database: Option<String>) -> Self {
        let portal = Portal::new();
        let mut options = with_admin(Options::default().portal(&portal));
        options.database = database.clone().unwrap_or(options.database);
        let server = Server::with(options);
        let file = || format!("sqlite:{}", server.folder().join("passerelle.db").display());
        let url = database.unwrap_or_else(file);
        let world = Self {
            server,
            portal,
            url,
        };
        world.open(PATIENT).await;
        world
    }

    async fn open(&self, patient: &str) {
        let (_, resource) = Document::for_patient(patient).record();
        let mut operator = self.server.client("exploitant");
        let reply = operator.put(&path(patient), &resource).await;
        reply.assert_status(201);
        let consent = consent_for(patient, MEDECIN);
        let mut medecin = self.medecin();
        medecin.post("/Consent", &consent).await.assert_status(201);
    }

    fn medecin(&self) -> Client {
        self.server.client("medecin").with(STRUCTURE.0, STRUCTURE.1)
    }

    fn holder(&self, patient: &str) -> Client {
        self.portal.holder(patient).on(&self.server)
    }

    async fn deposited(&self, document: &Document) -> Value {
        let mut hopital = self.server.client("hopital");
        let sent = document.simplified();
        let reply = hopital.post("/DocumentReference", &sent).await;
        reply.assert_status(201).json()
    }

    /// Row counts of what the register keeps: entries, and the ids that lead to them.
    async fn rows(&self) -> (i64, i64) {
        let ids = "locator WHERE kind = 8";
        (
            raw::count(&self.url, "vaccination").await,
            raw::count(&self.url, ids).await,
        )
    }
}

fn path(patient: &str) -> String {
    format!("/Patient?identifier={}", encode(patient))
}

/// An act: identifier of the entry, day, batch.
fn act(root: &str, extension: &str, day: &str, lot: &str) -> String {
    format!(
        r##"<entry><substanceAdministration classCode="SBADM" moodCode="EVN"><templateId root="1.2.250.1.213.1.1.3.45"/>
        <id root="{root}" extension="{extension}"/><text><reference value="#vaccine"/></text><effectiveTime value="{day}"/>
        <consumable><manufacturedProduct><manufacturedMaterial><code code="60000001" codeSystem="1.2.250.1.213.2.3.1"/>
        <lotNumberText>{lot}</lotNumberText></manufacturedMaterial></manufacturedProduct></consumable>
        </substanceAdministration></entry>"##
    )
}

fn telling(kind: &str, acts: &[String]) -> Document {
    Document::with(|sample| {
        sample.code = format!(r#"<code code="{kind}" codeSystem="2.16.840.1.113883.6.1"/>"#);
        sample.body = format!(
            r#"<component><structuredBody><component><section><templateId root="1.2.250.1.213.1.1.2.147"/>
            <text><content ID="vaccine">Vaccin d’essai</content></text>{}</section></component></structuredBody></component>"#,
            acts.concat()
        );
    })
}

/// An act as software sends it.
fn immunization(patient: &str, lot: &str) -> Value {
    let (system, value) = patient.split_once('|').unwrap();
    json!({
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": {"coding": [{"system": "http://www.whocc.no/atc", "code": "J07AM01"}]},
        "patient": {"identifier": {"system": system, "value": value}},
        "occurrenceDateTime": "2026-10-02",
        "lotNumber": lot
    })
}

/// Every page of a search, `count` entries each; the total is the same on all.
async fn walk(client: &mut Client, parameters: &[(&str, &str)], count: &str) -> Vec<Value> {
    let mut all = vec![("patient.identifier", PATIENT), ("_count", count)];
    all.extend(parameters);
    let reply = client.search("Immunization", &all).await;
    let mut page = reply.assert_status(200).json();
    let (mut found, total) = (Vec::new(), page["total"].clone());
    loop {
        assert_eq!(page["total"], total);
        let entries = page["entry"].as_array().cloned().unwrap_or_default();
        found.extend(
            entries
                .into_iter()
                .map(|mut entry| entry["resource"].take()),
        );
        let links = page["link"].as_array().cloned().unwrap_or_default();
        let next = links.iter().find(|link| link["relation"] == "next");
        let Some(next) = next else { break };
        let url = next["url"].as_str().unwrap();
        let (_, path) = url.split_once("/fhir").unwrap();
        page = client.get(path).await.assert_status(200).json();
    }
    assert_eq!(total, found.len());
    let mut ids: Vec<_> = found.iter().map(|one| one["id"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), found.len(), "none twice");
    found
}

async fn register(client: &mut Client) -> Vec<Value> {
    walk(client, &[], "200").await
}

fn lots(register: &[Value]) -> Vec<&str> {
    let lots = register
        .iter()
        .map(|one| one["lotNumber"].as_str().unwrap());
    lots.collect()
}

fn path_of(immunization: &Value) -> String {
    format!("/Immunization/{}", immunization["id"].as_str().unwrap())
}

async fn delete(client: &mut Client, path: &str) -> support::Reply {
    client.send(Method::DELETE, path, &[], Vec::new()).await
}

fn validation() -> Value {
    let validator =
        json!({"identifier": {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": MEDECIN}});
    json!({
        "url": "https://passerelle.dev/fhir/StructureDefinition/dmp-vaccination-validation",
        "extension": [
            {"url": "validator", "valueReference": validator},
            {"url": "date", "valueDateTime": "2001-01-01"}
        ]
    })
}

#[tokio::test]
async fn a_caregiver_changes_what_he_declared_himself() {
    on_both(async |world| {
        let mut holder = world.holder(PATIENT);
        let caregiver = |sub: &str| world.portal.caregiver(PATIENT, sub).on(&world.server);
        let (mut helper, mut neighbour) = (caregiver("aidant"), caregiver("voisin"));
        let post = |lot| immunization(PATIENT, lot);
        let refused = helper.post("/Immunization", &post("A")).await;
        refused.assert_refused(403, "not-yours");
        for sub in ["aidant", "voisin"] {
            let actor = format!("{ISSUER}|{sub}");
            let delegation = right("delegation", "permit", PATIENT, Some(&actor));
            let made = holder.post("/Consent", &delegation).await;
            made.assert_status(201);
        }
        let his = helper.post("/Immunization", &post("A")).await;
        let mut his = his.assert_status(201).json();
        let own = holder.post("/Immunization", &post("B")).await;
        let mut own = own.assert_status(201).json();
        // Both are shown to him, and to the professional as declarations.
        assert_eq!(register(&mut helper).await.len(), 2);
        assert_eq!(register(&mut world.medecin()).await.len(), 2);
        assert_eq!(his["reportOrigin"]["coding"][0]["code"], "recall");

        // The patient's is not his, nor another caregiver's.
        own["lotNumber"] = json!("X");
        let refused = helper.put(&path_of(&own), &own).await;
        refused.assert_refused(403, "not-yours");
        let refused = delete(&mut helper, &path_of(&own)).await;
        refused.assert_refused(403, "not-yours");
        let refused = neighbour.put(&path_of(&his), &his).await;
        refused.assert_refused(403, "not-yours");
        let refused = delete(&mut neighbour, &path_of(&his)).await;
        refused.assert_refused(403, "not-yours");
        assert_eq!(lots(&register(&mut holder).await).len(), 2);

        // His own is, and the patient's to change too; it stays his.
        his["lotNumber"] = json!("C");
        let changed = helper.put(&path_of(&his), &his).await;
        assert_eq!(changed.assert_status(200).json()["lotNumber"], "C");
        his["lotNumber"] = json!("D");
        let changed = holder.put(&path_of(&his), &his).await;
        let changed = changed.assert_status(200).json();
        assert_eq!(changed["meta"]["versionId"], "3");
        let again = helper.put(&path_of(&his), &his).await;
        let mut again = again.assert_status(200).json();

        // Validated, it is nobody's to change on this side.
        again["extension"] = json!([validation()]);
        let validated = world.medecin().put(&path_of(&his), &again).await;
        validated.assert_status(200);
        let refused = helper.put(&path_of(&his), &his).await;
        refused.assert_refused(403, "validated-vaccination");
        let refused = delete(&mut helper, &path_of(&his)).await;
        refused.assert_refused(403, "validated-vaccination");
        let other = helper.post("/Immunization", &post("E")).await;
        let other = other.assert_status(201).json();
        let gone = delete(&mut helper, &path_of(&other)).await;
        assert_eq!(gone.status, 204);
        assert_eq!(register(&mut holder).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_register_follows_its_record_to_another_number() {
    on_both(async |world| {
        let number = |arc: u8, n: u64| ins(n).replace(".4.10|", &format!(".4.{arc}|"));
        let (old, new) = (number(9, 31), number(8, 32));
        world.open(&old).await;
        let mut medecin = world.medecin();
        let note = medecin
            .post("/Immunization", &immunization(&old, "N"))
            .await;
        let note = note.assert_status(201).json();
        let declared = world
            .holder(&old)
            .post("/Immunization", &immunization(&old, "D"))
            .await;
        let declared = declared.assert_status(201).json();

        let (_, mut record) = Document::for_patient(&new).record();
        let identifier = |patient: &str, usage: &str| {
            let (system, value) = patient.split_once('|').unwrap();
            json!({"use": usage, "system": system, "value": value})
        };
        record["identifier"] = json!([identifier(&new, "official"), identifier(&old, "old")]);
        let mut operator = world.server.client("exploitant");
        operator.put(&path(&old), &record).await.assert_status(200);

        // Both numbers find the same, and every answer names the present one.
        let (_, value) = new.split_once('|').unwrap();
        for number in [&old, &new] {
            let asked = [("patient.identifier", number.as_str())];
            let found = medecin.search("Immunization", &asked).await;
            let found = found.assert_status(200).json();
            assert_eq!(found["total"], 2, "{number}");
            for entry in found["entry"].as_array().unwrap() {
                if entry["search"]["mode"] == "match" {
                    let patient = &entry["resource"]["patient"]["identifier"]["value"];
                    assert_eq!(patient, value);
                }
            }
        }
        let read = medecin.get(&path_of(&note)).await.assert_status(200).json();
        assert_eq!(read["lotNumber"], "N");

        // The patient goes on with what he declared, by either number in the resource.
        let mut holder = world.holder(&new);
        let mut changed = declared.clone();
        changed["lotNumber"] = json!("D2");
        let first = holder.put(&path_of(&declared), &changed).await;
        let first = first.assert_status(200).json();
        assert_eq!(first["patient"]["identifier"]["value"], value);
        let mut changed = first.clone();
        changed["lotNumber"] = json!("D3");
        let second = holder.put(&path_of(&declared), &changed).await;
        let mut second = second.assert_status(200).json();
        second["extension"] = json!([validation()]);
        let validated = medecin.put(&path_of(&declared), &second).await;
        validated.assert_status(200);
        // What is entered from now on stands beside it.
        let more = medecin
            .post("/Immunization", &immunization(&new, "M"))
            .await;
        more.assert_status(201);
        let asked = [("patient.identifier", new.as_str())];
        let found = medecin.search("Immunization", &asked).await;
        assert_eq!(found.json()["total"], 3);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_the_register_outlives_its_record() {
    on_both(async |world| {
        let acts = [
            act("1.2.3", "1", "1975", "A"),
            act("1.2.3", "2", "2020", "B"),
        ];
        world.deposited(&telling(HISTORY, &acts)).await;
        let declared = world
            .holder(PATIENT)
            .post("/Immunization", &immunization(PATIENT, "D"))
            .await;
        let declared = path_of(&declared.assert_status(201).json());
        let other = ins(41);
        world.open(&other).await;
        let kept = world
            .holder(&other)
            .post("/Immunization", &immunization(&other, "K"))
            .await;
        kept.assert_status(201);
        assert_eq!(world.rows().await, (4, 4));

        let admin = Admin::of(&world.server);
        let start: jiff::Timestamp = "2028-03-01T09:00:00Z".parse().unwrap();
        admin.set_clock(start);
        let (_, mut record) = Document::new().record();
        record["active"] = json!(false);
        record["extension"][0]["valueCode"] = json!("closed");
        let reason = json!({"coding": [{
            "system": "https://interop.esante.gouv.fr/ig/fhir/dmp/CodeSystem/dmp-motif-fermeture",
            "code": "patient-demande"
        }]});
        record["extension"].as_array_mut().unwrap().push(json!({
            "url": "https://interop.esante.gouv.fr/ig/fhir/dmp/StructureDefinition/dmp-fermeture",
            "extension": [
                {"url": "dateFermeture", "valueDate": "2028-03-01"},
                {"url": "motifFermeture", "valueCodeableConcept": reason}
            ]
        }));
        let mut operator = world.server.client("exploitant");
        operator
            .put(&path(PATIENT), &record)
            .await
            .assert_status(200);
        let mut medecin = world.medecin();
        let asked = [("patient.identifier", PATIENT)];
        let closed = medecin.search("Immunization", &asked).await;
        closed.assert_refused(403, "record-closed");
        let end: jiff::Timestamp = "2038-03-02T00:00:00Z".parse().unwrap();
        assert_eq!(admin.run_at(end)["jobs"]["purged"], 1);
        assert_eq!(world.rows().await, (1, 1), "the other record's");
        medecin
            .get(&declared)
            .await
            .assert_refused(404, "not-found");
    })
    .await;
}

/// As if the documents had been deposited by a version without register: no rows, no pass begun.
async fn forget(world: &World) {
    raw::run(
        &world.url,
        "DELETE FROM locator WHERE kind = 8 AND id IN (SELECT id FROM vaccination WHERE document IS NOT NULL); \
         DELETE FROM vaccination WHERE document IS NOT NULL; DELETE FROM pass;",
    )
    .await;
}

#[tokio::test]
async fn documents_from_before_the_register_come_into_it() {
    on_both(async |world| {
        let admin = Admin::of(&world.server);
        let acts = [
            act("1.2.3", "1", "1975", "A"),
            act("1.2.3", "2", "2020", "B"),
        ];
        let first = world.deposited(&telling(HISTORY, &acts)).await;
        world
            .deposited(&telling(NOTE, &[act("1.2.3", "2", "2020", "B")]))
            .await;
        world.deposited(&telling(HISTORY, &[])).await;
        world
            .deposited(&telling("11488-4", &[act("1.2.3", "3", "2021", "Z")]))
            .await;
        let mut holder = world.holder(PATIENT);
        let declared = holder
            .post("/Immunization", &immunization(PATIENT, "D"))
            .await;
        declared.assert_status(201);
        let before = register(&mut holder).await;
        assert_eq!(lots(&before), ["D", "B", "A"]);
        let rows = world.rows().await;

        forget(world).await;
        assert_eq!(lots(&register(&mut holder).await), ["D"]);
        assert_eq!(admin.run_jobs()["jobs"]["registered"], 3);
        // The same to the letter, ids and versions too; who follows the register by its times finds them as new.
        let time = before[0]["meta"]["lastUpdated"].as_str().unwrap();
        let after = register(&mut holder).await;
        for (one, two) in before.iter().zip(&after) {
            let times = [one, two].map(|one| one["meta"]["lastUpdated"].as_str().unwrap());
            assert_eq!(two["lotNumber"] == "D", times[0] == times[1], "{times:?}");
            let mut two = two.clone();
            two["meta"]["lastUpdated"] = one["meta"]["lastUpdated"].clone();
            assert_eq!(*one, two);
        }
        let since = format!("gt{time}");
        let found = walk(&mut holder, &[("_lastUpdated", &since)], "10").await;
        assert_eq!(lots(&found), ["B", "A"]);
        assert_eq!(world.rows().await, rows);
        let read = holder.get(&path_of(&after[2])).await.assert_status(200);
        assert_eq!(read.json(), after[2]);
        // Done once, and not again.
        assert_eq!(admin.run_jobs()["jobs"]["registered"], 0);

        // Begun again it finds what is there done.
        raw::run(&world.url, "DELETE FROM pass").await;
        assert_eq!(admin.run_jobs()["jobs"]["registered"], 3);
        assert_eq!(world.rows().await, rows);

        // It goes on where it was left.
        forget(world).await;
        let id = first["id"].as_str().unwrap().replace('-', "");
        let bytes = match world.url.starts_with("sqlite:") {
            true => format!("X'{id}'"),
            false => format!("'\\x{id}'"),
        };
        let place =
            format!("INSERT INTO pass (name, after, done) VALUES ('vaccinations', {bytes}, 0)");
        raw::run(&world.url, &place).await;
        assert_eq!(admin.run_jobs()["jobs"]["registered"], 2);
        assert_eq!(lots(&register(&mut holder).await), ["D", "B"]);
    })
    .await;
}

#[tokio::test]
async fn totals_and_pages_are_those_of_each_caller() {
    on_both(async |world| {
        let told = |n: u32| act("1.2.3", &n.to_string(), &format!("20{:02}", n + 10), &format!("L{n}"));
        let history: Vec<String> = (0..7).map(told).collect();
        world.deposited(&telling(HISTORY, &history)).await;
        // Two of them stand in notes too, one of which is masked; a third note tells an act of its own, masked as well.
        world.deposited(&telling(NOTE, &[told(1)])).await;
        let mut masked = Vec::new();
        for n in [2, 8] {
            masked.push(world.deposited(&telling(NOTE, &[told(n)])).await);
        }
        let mut holder = world.holder(PATIENT);
        for document in &masked {
            let mask = json!([{"op": "add", "path": "/securityLabel/-", "value": {"coding": [{"system": FLAGS, "code": "MASQUE_PS"}]}}]);
            let path = format!("/DocumentReference/{}", document["id"].as_str().unwrap());
            let headers = [("Content-Type", "application/json-patch+json")];
            let patched = holder.send(Method::PATCH, &path, &headers, mask.to_string().into_bytes()).await;
            patched.assert_status(200);
        }
        let mut medecin = world.medecin();
        for count in ["1", "3", "100"] {
            let all = walk(&mut holder, &[], count).await;
            assert_eq!(lots(&all), ["L8", "L6", "L5", "L4", "L3", "L2", "L1", "L0"], "{count}");
            let seen = walk(&mut medecin, &[], count).await;
            assert_eq!(lots(&seen), ["L6", "L5", "L4", "L3", "L2", "L1", "L0"], "{count}");
            // One act, the masked note's to him and the history's to her.
            assert_ne!(all[5]["id"], seen[4]["id"]);
            assert_eq!(all[6]["id"], seen[5]["id"]);
            let some = [("date", "le2012"), ("_sort", "date")];
            assert_eq!(lots(&walk(&mut medecin, &some, count).await), ["L0", "L1", "L2"]);
            let masked = [("lot-number", "L8")];
            assert_eq!(walk(&mut medecin, &masked, count).await.len(), 0);
            assert_eq!(walk(&mut holder, &masked, count).await.len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_of_any_length_is_kept() {
    on_both(async |world| {
        // Digits that no database packs.
        let digest = |n: u32| openssl::sha::sha256(&n.to_be_bytes());
        let digits = (0..300).flat_map(digest).map(|byte| format!("{byte:02x}"));
        let long: String = digits.collect();
        let acts = [
            act("1.2.3", &long, "2020", "A"),
            act("1.2.3", &format!("{long}y"), "2020", "A"),
        ];
        world.deposited(&telling(HISTORY, &acts)).await;
        world.deposited(&telling(NOTE, &acts[..1])).await;
        // Told twice, shown once.
        assert_eq!(register(&mut world.medecin()).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_thousand_entries_are_paged() {
    on_both(async |world| {
        let mut medecin = world.medecin();
        for document in 0..4 {
            let one = |n: u32| {
                let (year, month) = (1980 + n % 40, 1 + n % 12);
                let day = format!("{year}{month:02}{:02}", 1 + document);
                act(
                    &format!("1.2.{document}"),
                    &n.to_string(),
                    &day,
                    &format!("{document}-{n}"),
                )
            };
            let acts: Vec<String> = (0..500).map(one).collect();
            world.deposited(&telling(HISTORY, &acts)).await;
            if [0, 3].contains(&document) {
                let start = std::time::Instant::now();
                let asked = [("lot-number", "0-1"), ("_sort", "date")];
                walk(&mut medecin, &asked, "200").await;
                println!(
                    "{} entries searched in {:?}",
                    500 * (document + 1),
                    start.elapsed()
                );
            }
        }
        let all = walk(&mut medecin, &[], "150").await;
        assert_eq!(all.len(), 2_000);
        let dates: Vec<_> = all
            .iter()
            .map(|one| one["occurrenceDateTime"].as_str().unwrap())
            .collect();
        assert!(dates.is_sorted_by(|one, next| one >= next));
    })
    .await;
}

/// Severity, code and place of each issue.
async fn judged(client: &mut Client, resource: &Value) -> Vec<String> {
    let reply = client.post("/Immunization/$validate", resource).await;
    let outcome = reply.assert_status(200).json();
    let told = |issue: &Value| {
        let code = issue["details"]["coding"][0]["code"].as_str();
        let place = issue["expression"][0].as_str().unwrap_or("-");
        format!(
            "{} {} {place}",
            issue["severity"].as_str().unwrap(),
            code.unwrap_or("-")
        )
    };
    outcome["issue"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect()
}

#[tokio::test]
async fn a_vaccination_is_judged_without_being_entered() {
    on_both(async |world| {
        let (mut medecin, mut holder) = (world.medecin(), world.holder(PATIENT));
        let mut hopital = world.server.client("hopital");
        let good = immunization(PATIENT, "A");
        let well = ["information - -"];
        for client in [&mut medecin, &mut holder, &mut hopital] {
            assert_eq!(judged(client, &good).await, well);
        }
        // Every defect at once, as an entry would tell them.
        let mut bad = good.clone();
        bad["status"] = json!("entered-in-error");
        bad["manufacturer"] = json!({"display": "X"});
        bad["lotNumber"] = json!("x".repeat(101));
        let told = judged(&mut medecin, &bad).await;
        let reply = medecin.post("/Immunization", &bad).await.assert_status(422);
        assert_eq!(told.len(), 3, "{told:?}");
        let issues = reply.json()["issue"].as_array().unwrap().clone();
        let entered: Vec<_> = issues
            .iter()
            .map(|issue| issue["expression"][0].as_str().unwrap())
            .collect();
        for (told, entered) in told.iter().zip(entered) {
            assert!(told.ends_with(entered), "{told}: {entered}");
        }
        // What depends on who enters it.
        let mut first_hand = good.clone();
        first_hand["primarySource"] = json!(true);
        assert_eq!(judged(&mut medecin, &first_hand).await, well);
        let wrong = ["error element-invalid Immunization.primarySource"];
        assert_eq!(judged(&mut holder, &first_hand).await, wrong);
        let mut future = good.clone();
        future["occurrenceDateTime"] = json!("2099");
        let wrong = ["error element-invalid Immunization.occurrence"];
        for client in [&mut medecin, &mut holder, &mut hopital] {
            assert_eq!(judged(client, &future).await, wrong);
        }
        // A birth that the record knows is not told of.
        let mut early = good.clone();
        early["occurrenceDateTime"] = json!("1950");
        assert_eq!(judged(&mut medecin, &early).await, well);
        let mut without = world.server.client("medecin");
        assert_eq!(
            judged(&mut without, &good).await,
            ["error structure-required -"]
        );
        // A validation is an update.
        let mut validated = good.clone();
        validated["extension"] = json!([validation()]);
        let wrong = ["error unsupported-element Immunization.extension"];
        assert_eq!(judged(&mut medecin, &validated).await, wrong);
        let asked = json!({"resourceType": "Parameters", "parameter": [
            {"name": "resource", "resource": validated}, {"name": "mode", "valueCode": "update"}
        ]});
        assert_eq!(judged(&mut medecin, &asked).await, well);
        // No trace in the register, nor of a record that is not there.
        assert_eq!(world.rows().await, (0, 0));
        let nobody = immunization(&ins(77), "A");
        assert_eq!(judged(&mut medecin, &nobody).await, well);
        world
            .server
            .anonymous()
            .post("/Immunization/$validate", &good)
            .await
            .assert_refused(401, "login-required");
    })
    .await;
}
