//! What each element of a document comes to mean in the page.

use super::support::sample::with;
use super::{entry, main_of, page, section, shown, unstructured};

#[test]
fn each_element_of_the_narrative_has_its_own() {
    for (narrative, html) in [
        ("<paragraph>a</paragraph>", "<p>a</p>"),
        ("a<br/>b", "a<br/>b"),
        (
            "<content styleCode=\"Bold\">a</content>",
            "<strong>a</strong>",
        ),
        ("<content styleCode=\"Emphasis\">a</content>", "<em>a</em>"),
        (
            "<content styleCode=\"xRed BoldItalics Underline\">a</content>",
            "<strong><em><u>a</u></em></strong>",
        ),
        ("<content revised=\"delete\">a</content>", "<del>a</del>"),
        ("<content revised=\"insert\">a</content>", "<ins>a</ins>"),
        (
            "<content ID=\"x1\">a</content>",
            "<span id=\"d-x1\">a</span>",
        ),
        ("<sub>a</sub><sup>b</sup>", "<sub>a</sub><sup>b</sup>"),
        (
            "<list><item>a</item><item styleCode=\"Bold\">b</item></list>",
            "<ul><li>a</li><li class=\"b\">b</li></ul>",
        ),
        (
            "<list listType=\"ordered\"><caption>c</caption><item>a</item></list>",
            "<ol><li class=\"caption\">c</li><li>a</li></ol>",
        ),
        (
            "<table><caption>c</caption><thead><tr><th colspan=\"2\">a</th></tr></thead><tfoot><tr><td/><td/></tr></tfoot><tbody><tr><th>b</th><td rowspan=\"3\" align=\"right\">d</td></tr></tbody></table>",
            "<table><caption>c</caption><thead><tr><th scope=\"col\" colspan=\"2\">a</th></tr></thead><tfoot><tr><td></td><td></td></tr></tfoot><tbody><tr><th scope=\"row\">b</th><td rowspan=\"3\" class=\"r\">d</td></tr></tbody></table>",
        ),
        (
            "<footnote ID=\"f\">a</footnote> <footnoteRef IDREF=\"f\"/>",
            "<small class=\"footnote\" id=\"d-f\">a</small> <sup><a href=\"#d-f\">[note]</a></sup>",
        ),
        (
            "<linkHtml href=\"https://example.org/?a=1&amp;b=2\">a</linkHtml>",
            "<a href=\"https://example.org/?a=1&amp;b=2\" rel=\"noopener noreferrer nofollow\">a</a>",
        ),
        (
            "<linkHtml href=\"#x\">a</linkHtml>",
            "<a href=\"#d-x\">a</a>",
        ),
        (
            "<linkHtml href=\"other.xml\">a</linkHtml>",
            "<span>a</span>",
        ),
        (
            "&lt;b&gt; <![CDATA[<i>]]> &amp; \" '",
            "&lt;b&gt; &lt;i&gt; &amp; &quot; &#39;",
        ),
        ("<unknown x=\"y\">a</unknown>", " a"),
    ] {
        assert_eq!(shown(narrative), html, "{narrative}");
    }
}

/// Browsers would move or drop what stands where HTML knows nothing of it.
#[test]
fn what_html_does_not_nest_is_nested_otherwise() {
    for (narrative, html) in [
        (
            "<paragraph styleCode=\"Bold\">a<content styleCode=\"Bold\"><list><item>b</item></list>c</content></paragraph>",
            "<p class=\"b\">a<strong></strong></p><div class=\"b\"><strong><ul><li>b</li></ul>c</strong></div>",
        ),
        (
            "<table><tr><td>a</td></tr><tr>b<td>c</td></tr>d</table>",
            "<table><tbody><tr><td>a</td></tr><tr><td>b</td><td>c</td></tr><tr><td>d</td></tr></tbody></table>",
        ),
        (
            "<list>a<item>b</item></list>",
            "<ul><li>a</li><li>b</li></ul>",
        ),
        ("<td>a</td><item>b</item><tr>c</tr>", " a b c"),
        (
            "<linkHtml href=\"#a\">x<linkHtml href=\"#b\">y</linkHtml></linkHtml>",
            "<a href=\"#d-a\">x<span>y</span></a>",
        ),
        (
            "<content ID=\"a\"/><content ID=\"a\"/>",
            "<span id=\"d-a\"></span><span></span>",
        ),
    ] {
        assert_eq!(shown(narrative), html, "{narrative}");
    }
}

#[test]
fn sections_have_headings_of_their_depth() {
    let nested = "<title>1</title><component><section><title>2</title><component><section><code displayName=\"3\"/><text>x</text></section></component></section></component>";
    assert_eq!(
        main_of(&section(nested)),
        "<section><h2>1</h2><section><h3>2</h3><section><h4>3</h4><div class=\"text\">x</div></section></section></section>"
    );
}

fn media(id: &str, kind: &str, data: &str) -> String {
    format!(
        "<entry><observationMedia ID=\"{id}\"><value mediaType=\"{kind}\" representation=\"B64\">{data}</value></observationMedia></entry>"
    )
}

#[test]
fn images_stand_in_their_place_once_and_files_are_links() {
    let text = "<text><renderMultiMedia referencedObject=\"i p\"><caption>c</caption></renderMultiMedia><renderMultiMedia referencedObject=\"i\"/><renderMultiMedia referencedObject=\"none\"/></text>";
    let all = [
        text,
        &media("i", "image/png", "iVBO\n Rw0K"),
        &media("p", "application/pdf", "JVBERi0x"),
        &media("o", "text/html", "PGI+"),
        &media("bad", "image/png", "a\"b"),
    ]
    .concat();
    let main = main_of(&section(&all));
    assert_eq!(
        main,
        "<section><div class=\"text\"><span class=\"media\">\
         <img id=\"v-1\" alt=\"Image 1\" src=\"data:image/png;base64,iVBORw0K\"/>\
         <a id=\"v-2\" class=\"file\" download=\"piece-jointe-2.pdf\" href=\"data:application/pdf;base64,JVBERi0x\">Document PDF joint (6 octets)</a>\
         <span class=\"caption\">c</span></span>\
         <span class=\"media\"><a href=\"#v-1\">Contenu 1, déjà présenté</a></span>\
         <span class=\"media\"><span class=\"notice\" lang=\"fr\">[Contenu référencé absent du document.]</span></span>\
         </div></section><section lang=\"fr\"><h2>Pièces jointes</h2><ul>\
         <li><a id=\"v-3\" class=\"file\" download=\"piece-jointe-3.bin\" href=\"data:application/octet-stream;base64,PGI+\">Fichier joint (3 octets)</a></li>\
         <li><span class=\"notice\" lang=\"fr\">[Contenu joint illisible ou extérieur au document : il n&#39;est pas repris.]</span></li>\
         </ul></section>"
    );
}

#[test]
fn a_region_of_interest_shows_its_image() {
    let region = format!(
        "<text><renderMultiMedia referencedObject=\"r\"/></text><entry><regionOfInterest ID=\"r\">{}</regionOfInterest></entry>",
        media("i", "image/gif", "R0lG").replace("entry>", "entryRelationship>")
    );
    let main = main_of(&section(&region));
    assert!(
        main.contains("src=\"data:image/gif;base64,R0lG\""),
        "{main}"
    );
}

#[test]
fn unstructured_bodies_are_shown_as_what_they_are() {
    for (body, shown) in [
        (
            "<text mediaType=\"text/plain\">a &lt;\n b</text>",
            "<pre>\na &lt;\n b</pre>",
        ),
        (
            "<text mediaType=\"text/plain\" representation=\"B64\">w6kgPGI+\n</text>",
            "<pre>\né &lt;b&gt;</pre>",
        ),
        // 0xE9, as old files hold it, and a character that XML knows in no form.
        (
            "<text mediaType=\"text/plain\" representation=\"B64\">6QE=</text>",
            "<pre>\né\u{FFFD}</pre>",
        ),
        (
            "<text mediaType=\"image/jpeg\" representation=\"B64\">/9j/</text>",
            "<img id=\"v-1\" alt=\"Image 1\" src=\"data:image/jpeg;base64,/9j/\"/>",
        ),
        (
            "<text mediaType=\"image/tiff\" representation=\"B64\">SUkq</text>",
            "<a id=\"v-1\" class=\"file\" download=\"piece-jointe-1.tif\" href=\"data:image/tiff;base64,SUkq\">Image TIFF jointe (3 octets)</a>",
        ),
        (
            "<text mediaType=\"text/rtf\" representation=\"B64\">e1xy</text>",
            "<a id=\"v-1\" class=\"file\" download=\"piece-jointe-1.rtf\" href=\"data:application/rtf;base64,e1xy\">Document RTF joint (3 octets)</a>",
        ),
        (
            "<text mediaType=\"application/pdf\"><reference value=\"http://127.0.0.1/a.pdf\"/></text>",
            "<span class=\"notice\" lang=\"fr\">[Contenu joint illisible ou extérieur au document : il n&#39;est pas repris.]</span>",
        ),
    ] {
        assert_eq!(main_of(&unstructured(body)), shown, "{body}");
    }
}

#[test]
fn the_header_is_told_in_french() {
    let html = page(&with(|sample| {
        sample.language = "<languageCode code=\"en-GB\"/>".to_owned();
        sample.related = "<relatedDocument typeCode=\"RPLC\"><parentDocument><id root=\"1.2.3.9\"/></parentDocument></relatedDocument>".to_owned();
    }));
    let words = entry::text_of(&html);
    for wanted in [
        "Compte rendu d’été & détails",
        "Consultation, 01/03/2024 à 10:30",
        "féminin",
        "28/03/1979",
        "279035121518989",
        "IPP1",
        "Hôpital de l’Essai",
        "JQGA003",
        "01/03/2024 à 10:00 – 01/03/2024",
        "Normal",
        "remplace 1.2.3.9",
        "1.2.250.1.999.1.1",
        "version 3",
        "ZZUSED Anne Marie",
        "nom de naissance : ZZSECRET",
    ] {
        let is_there = words.iter().any(|text| text.contains(wanted));
        assert!(is_there, "{wanted}: {words:?}");
    }
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en-GB\">"));
    assert!(html.contains("<dl lang=\"fr\">"));
    assert!(html.contains("<title>Compte rendu d’été &amp; détails</title>"));
}
