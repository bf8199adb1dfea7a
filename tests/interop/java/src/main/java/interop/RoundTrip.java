package interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.rest.api.EncodingEnum;
import ca.uhn.fhir.rest.api.MethodOutcome;
import ca.uhn.fhir.rest.client.api.IGenericClient;
import ca.uhn.fhir.rest.client.interceptor.AdditionalRequestHeadersInterceptor;
import ca.uhn.fhir.rest.gclient.TokenClientParam;
import ca.uhn.fhir.rest.server.exceptions.BaseServerResponseException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.apache.http.impl.client.HttpClients;
import org.hl7.fhir.r4.model.Binary;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.CapabilityStatement;
import org.hl7.fhir.r4.model.Consent;
import org.hl7.fhir.r4.model.DocumentReference;
import org.hl7.fhir.r4.model.ListResource;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Patient;

/** The round trip with the generic client of HAPI FHIR, in JSON, and in XML when the server says that it speaks it. */
public final class RoundTrip {
  private static final String BASE = System.getenv("BASE");
  private static final Path PKI = Path.of(System.getenv("DEMO"), "pki");
  private static final Path EXAMPLES = Path.of(System.getenv("EXAMPLES"));
  private static final String INS_SYSTEM = "urn:oid:1.2.250.1.213.1.4.10";
  private static final String INS = "279036990100166";
  private static final String VISIBILITY =
      "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument";
  private static final TokenClientParam PATIENT = new TokenClientParam("patient.identifier");
  private static final TokenClientParam STATUS = new TokenClientParam("status");
  private static final SecureRandom RANDOM = new SecureRandom();
  private static int failed = 0;

  private record Letter(byte[] data, String unique, String bundle) {}

  public static void main(String[] args) throws Exception {
    CapabilityStatement capabilities = client("medecin2", EncodingEnum.JSON).capabilities().ofType(CapabilityStatement.class).execute();
    trip(EncodingEnum.JSON);
    if (capabilities.getFormat().stream().anyMatch(f -> f.getValue().contains("xml"))) trip(EncodingEnum.XML);
    System.exit(failed == 0 ? 0 : 1);
  }

  private static void trip(EncodingEnum encoding) throws Exception {
    IGenericClient physician = client("medecin2", encoding);
    String in = " in " + encoding;

    Bundle patients = physician.search().forResource(Patient.class)
        .where(Patient.IDENTIFIER.exactly().systemAndIdentifier(INS_SYSTEM, INS)).returnBundle(Bundle.class).execute();
    check("Patient search (TD0.2)" + in, patients.getTotal() == 1, patients.getTotal());

    Consent consent = FhirContext.forR4Cached().newJsonParser().parseResource(Consent.class, Files.readString(EXAMPLES.resolve("consent.json")));
    MethodOutcome declared = physician.create().resource(consent).execute();
    check("Consent create (TD0.3)" + in, declared.getId().hasIdPart(), declared.getId());

    Letter letter = letter();
    Bundle answer = physician.transaction()
        .withBundle(FhirContext.forR4Cached().newJsonParser().parseResource(Bundle.class, letter.bundle)).execute();
    check("transaction (ITI-65)" + in,
        answer.getEntry().size() == 3 && answer.getEntry().stream().allMatch(e -> e.getResponse().getStatus().startsWith("201")), answer.getType());

    Bundle page = physician.search().forResource(DocumentReference.class).where(PATIENT.exactly().systemAndIdentifier(INS_SYSTEM, INS))
        .and(STATUS.exactly().code("current")).count(5).returnBundle(Bundle.class).execute();
    int total = page.getTotal();
    Set<String> ids = new HashSet<>();
    int seen = 0;
    while (true) {
      for (Bundle.BundleEntryComponent entry : page.getEntry()) {
        ids.add(entry.getResource().getIdElement().getIdPart());
        seen++;
      }
      if (page.getLink(Bundle.LINK_NEXT) == null) break;
      page = physician.loadPage().next(page).execute();
    }
    check("search, page by page (ITI-67)" + in, total > 5 && seen == total && ids.size() == total, seen + " of " + total);

    Bundle found = physician.search().forResource(DocumentReference.class).where(PATIENT.exactly().systemAndIdentifier(INS_SYSTEM, INS))
        .and(STATUS.exactly().code("current"))
        .and(DocumentReference.IDENTIFIER.exactly().systemAndIdentifier("urn:ietf:rfc:3986", "urn:oid:" + letter.unique))
        .usingStyle(ca.uhn.fhir.rest.api.SearchStyleEnum.POST).returnBundle(Bundle.class).execute();
    check("POST _search by identifier" + in, found.getTotal() == 1, found.getTotal());
    String id = found.getEntryFirstRep().getResource().getIdElement().getIdPart();

    DocumentReference read = physician.read().resource(DocumentReference.class).withId(id).execute();
    check("read" + in, read.getMasterIdentifier().getValue().equals("urn:oid:" + letter.unique), read.getMasterIdentifier().getValue());
    Binary binary = physician.read().resource(Binary.class).withUrl(read.getContentFirstRep().getAttachment().getUrl()).execute();
    check("Binary (ITI-68)" + in, Arrays.equals(binary.getData(), letter.data), binary.getContentType());
    DocumentReference version = physician.read().resource(DocumentReference.class).withIdAndVersion(id, "1").execute();
    check("vread" + in, "1".equals(version.getMeta().getVersionId()), version.getMeta().getVersionId());
    DocumentReference same = physician.read().resource(DocumentReference.class).withId(id)
        .ifVersionMatches(read.getMeta().getVersionId()).returnNull().execute();
    check("conditional read" + in, same == null, "was sent again");

    DocumentReference masked = patch(physician, id, label(VISIBILITY, "MASQUE_PS"));
    check("mask (TD3.3a)" + in, masked.getSecurityLabel().stream().anyMatch(l -> l.getCodingFirstRep().getCode().equals("MASQUE_PS")), masked.getId());
    refused("masked to the others: not-found" + in, 404, "not-found",
        () -> client("medecin", encoding).read().resource(DocumentReference.class).withId(id).execute());
    DocumentReference shown = patch(physician, id, label("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"));
    check("unmask (TD3.3b)" + in, shown.getSecurityLabel().size() == 1, shown.getSecurityLabel().size());

    Letter second = letter();
    DocumentReference simplified = (DocumentReference) FhirContext.forR4Cached().newJsonParser()
        .parseResource(Bundle.class, second.bundle).getEntry().get(1).getResource();
    simplified.getContentFirstRep().getAttachment().setUrl(null).setData(second.data);
    MethodOutcome created = physician.create().resource(simplified).execute();
    check("create (ITI-105)" + in, created.getCreated() && created.getId().hasVersionIdPart(), created.getId());
    refused("the same again: duplicate-document" + in, 409, "duplicate-document", () -> physician.create().resource(simplified).execute());

    Bundle lists = physician.search().forResource(ListResource.class).where(PATIENT.exactly().systemAndIdentifier(INS_SYSTEM, INS))
        .and(STATUS.exactly().code("current")).and(ListResource.CODE.exactly().code("submissionset")).returnBundle(Bundle.class).execute();
    check("List search (ITI-66)" + in, lists.getTotal() > 0, lists.getTotal());

    refused("a secretary does not read: card-cannot-consult" + in, 403, "card-cannot-consult",
        () -> client("secretaire", encoding).search().forResource(DocumentReference.class)
            .where(PATIENT.exactly().systemAndIdentifier(INS_SYSTEM, INS)).and(STATUS.exactly().code("current")).returnBundle(Bundle.class).execute());
  }

  private static DocumentReference patch(IGenericClient client, String id, String value) {
    return (DocumentReference) client.patch().withBody("[{\"op\":\"replace\",\"path\":\"/securityLabel/0\",\"value\":" + value + "}]")
        .withId("DocumentReference/" + id).execute().getResource();
  }

  private static String label(String system, String code) {
    return "{\"coding\":[{\"system\":\"" + system + "\",\"code\":\"" + code + "\"}]}";
  }

  private static Letter letter() throws Exception {
    String unique = oid();
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC).truncatedTo(ChronoUnit.SECONDS);
    byte[] data = Files.readString(EXAMPLES.resolve("letter.xml")).replace("@ID@", unique).replace("@SET@", oid())
        .replace("@HL7@", now.format(DateTimeFormatter.ofPattern("yyyyMMddHHmmss")) + "+0000").getBytes(StandardCharsets.UTF_8);
    String hash = Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-1").digest(data));
    String bundle = Files.readString(EXAMPLES.resolve("publish.json")).replace("@ID@", unique).replace("@SUBMISSION@", oid())
        .replace("@FHIR@", now.format(DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss")) + "+00:00")
        .replace("@SIZE@", String.valueOf(data.length)).replace("@HASH@", hash).replace("@DATA@", Base64.getEncoder().encodeToString(data));
    return new Letter(data, unique, bundle);
  }

  private static String oid() {
    return "2.25." + new BigInteger(120, RANDOM);
  }

  private static void check(String name, boolean held, Object saw) {
    System.out.println(held ? "ok hapi " + name : "FAIL hapi " + name + ": " + saw);
    if (!held) failed++;
  }

  private static void refused(String name, int status, String code, java.util.concurrent.Callable<?> call) throws Exception {
    try {
      check(name, false, call.call());
    } catch (BaseServerResponseException error) {
      OperationOutcome outcome = (OperationOutcome) error.getOperationOutcome();
      String saw = outcome == null ? "no OperationOutcome" : outcome.getIssueFirstRep().getDetails().getCodingFirstRep().getCode();
      check(name, error.getStatusCode() == status && saw.equals(code), error.getStatusCode() + " " + saw);
    }
  }

  private static IGenericClient client(String card, EncodingEnum encoding) throws Exception {
    FhirContext context = FhirContext.forR4();
    context.getRestfulClientFactory().setHttpClient(HttpClients.custom().setSSLContext(tls(card)).build());
    IGenericClient client = context.newRestfulGenericClient(BASE);
    client.setEncoding(encoding);
    AdditionalRequestHeadersInterceptor structure = new AdditionalRequestHeadersInterceptor();
    if (card.equals("medecin2")) structure.addHeaderValue("DMP-Structure", "499900000029010");
    client.registerInterceptor(structure);
    return client;
  }

  private static SSLContext tls(String card) throws Exception {
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    Certificate[] chain;
    try (InputStream pem = Files.newInputStream(PKI.resolve(card + ".pem"))) {
      chain = factory.generateCertificates(pem).toArray(new Certificate[0]);
    }
    String text = Files.readString(PKI.resolve(card + ".key")).replaceAll("-----[A-Z ]+-----|\\s", "");
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
    PrivateKey key = KeyFactory.getInstance(chain[0].getPublicKey().getAlgorithm()).generatePrivate(encoded);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    keys.load(null, null);
    keys.setKeyEntry("card", key, new char[0], chain);
    KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    own.init(keys, new char[0]);
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (InputStream pem = Files.newInputStream(PKI.resolve("ca.pem"))) {
      int number = 0;
      for (Certificate each : factory.generateCertificates(pem)) trusted.setCertificateEntry("ca" + number++, each);
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }

  private RoundTrip() {}
}
