"""Small files that a browser can open, and the ones that only look like what they are called."""

import base64

# Two colours, 60 by 40.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/"
    "2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAAoADwDASIAAhEBAxEB/8QA"
    "FwABAQEBAAAAAAAAAAAAAAAAAAMFBP/EABkQAQACAwAAAAAAAAAAAAAAAAACBDSBsf/EABcBAAMBAAAAAAAAAAAAAAAAAAACBQT/xAAZEQEAAgMAAAAAAAAA"
    "AAAAAAAAATICA3H/2gAMAwEAAhEDEQA/AO0BgaBK1jy11VK1jy10+u8dLnWWeArsAAA1QEVRErWPLXVUrWPLXT67x0udZZ4CuwAADVARVEStY8tdA+u8dLnW"
    "WeArsAAA/9k="
)
TEXT = "Résultat : 5 < 7 & « normal ».\n".encode()
RTF = rb"{\rtf1\ansi r\'e9sultat}"
# A header of TIFF and nothing to show.
TIFF = b"II*\x00" + bytes(200)


def pdf():
    """One page with a line of text, that says it is PDF/A-1b."""
    said = b"BT /F 18 Tf 40 90 Td (Resultat joint) Tj ET"
    xmp = (b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
           b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
           b'<pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>')
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 6 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 160] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(said), said),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n%s\nendstream" % (len(xmp), xmp),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1, table, len(objects) + 1, len(out))
