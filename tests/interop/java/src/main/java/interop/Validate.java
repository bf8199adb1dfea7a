package interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.hl7.fhir.common.hapi.validation.support.CommonCodeSystemsTerminologyService;
import org.hl7.fhir.common.hapi.validation.support.InMemoryTerminologyServerValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.PrePopulatedValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.SnapshotGeneratingValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.UnknownCodeSystemWarningValidationSupport;
import org.hl7.fhir.common.hapi.validation.support.ValidationSupportChain;
import org.hl7.fhir.common.hapi.validation.validator.FhirInstanceValidator;
import org.hl7.fhir.instance.model.api.IBaseResource;
import org.hl7.fhir.r4.model.Bundle;
import org.hl7.fhir.r4.model.OperationOutcome;
import org.hl7.fhir.r4.model.Resource;

/**
 * HL7's validator over every file of some folders. Definitions come from the folders given, never from the network. Where NAME.json and
 * NAME.xml stand side by side, both must say the same.
 * usage: Validate JUSTIFIED FOLDER[:FOLDER…] [DEFINITIONS…]
 */
public final class Validate {
  /** An error that is not the server's: which message, where, in which words, and why. */
  private record Justified(String id, Pattern at, Pattern says, String because) {}

  public static void main(String[] args) throws Exception {
    List<Justified> justified = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of(args[0]))) {
      if (line.isBlank() || line.startsWith("#")) continue;
      String[] cells = line.split("\t");
      if (cells.length != 4) throw new IOException("justified.tsv needs four cells: " + line);
      justified.add(new Justified(cells[0], Pattern.compile(cells[1]), Pattern.compile(cells[2]), cells[3]));
    }

    FhirContext context = FhirContext.forR4();
    PrePopulatedValidationSupport ours = new PrePopulatedValidationSupport(context);
    int definitions = 0;
    for (int i = 2; i < args.length; i++) {
      for (Path file : files(Path.of(args[i]))) {
        IBaseResource resource = parse(context, file);
        // The logical models of the guides have no place in the validation of instances.
        if (resource instanceof org.hl7.fhir.r4.model.StructureDefinition s
            && s.getKind() == org.hl7.fhir.r4.model.StructureDefinition.StructureDefinitionKind.LOGICAL) continue;
        ours.addResource(resource);
        definitions++;
      }
    }
    UnknownCodeSystemWarningValidationSupport unknown = new UnknownCodeSystemWarningValidationSupport(context);
    unknown.setNonExistentCodeSystemSeverity(IValidationSupport.IssueSeverity.WARNING);
    FhirInstanceValidator engine = new FhirInstanceValidator(new ValidationSupportChain(
        new R4(context), ours, new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context), new SnapshotGeneratingValidationSupport(context), unknown));
    engine.setErrorForUnknownProfiles(false);
    engine.setAnyExtensionsAllowed(true);
    FhirValidator validator = context.newValidator();
    validator.registerValidatorModule(engine);

    List<Path> subjects = new ArrayList<>();
    for (String folder : args[1].split(File.pathSeparator)) subjects.addAll(files(Path.of(folder)));
    Map<String, Integer> used = new TreeMap<>();
    Map<String, Integer> warnings = new TreeMap<>();
    int bad = 0;
    // One after the other: the validator's makers of snapshots get in each other's way.
    for (Path file : subjects) {
      Verdict verdict = judge(context, validator, justified, file);
      verdict.used.forEach(what -> used.merge(what, 1, Integer::sum));
      verdict.warnings.forEach(what -> warnings.merge(what, 1, Integer::sum));
      verdict.lines.forEach(System.out::println);
      if (!verdict.good) bad++;
    }
    System.out.println("# " + subjects.size() + " files, " + definitions + " definitions loaded; below an error: " + warnings);
    used.forEach((what, times) -> System.out.println("# justified " + times + " times: " + what));
    System.exit(bad == 0 && !subjects.isEmpty() ? 0 : 1);
  }

  /** What was found in one file. */
  private static final class Verdict {
    boolean good = true;
    final List<String> lines = new ArrayList<>();
    final List<String> used = new ArrayList<>();
    final List<String> warnings = new ArrayList<>();

    void say(String name, List<String> errors) {
      lines.add((errors.isEmpty() ? "ok " : "FAIL ") + name);
      errors.forEach(error -> lines.add("  " + error));
      good &= errors.isEmpty();
    }
  }

  private static Verdict judge(FhirContext context, FhirValidator validator, List<Justified> justified, Path file) throws IOException {
    Verdict verdict = new Verdict();
    List<String> errors = new ArrayList<>();
    IBaseResource resource = parse(context, file);
    for (SingleValidationMessage message : validator.validateWithResult(Files.readString(file)).getMessages()) {
      String id = String.valueOf(message.getMessageId());
      String at = String.valueOf(message.getLocationString());
      if (message.getSeverity().ordinal() < ResultSeverityEnum.ERROR.ordinal()) {
        verdict.warnings.add(message.getSeverity().getCode() + " " + id);
        if (System.getenv("WARNINGS") != null) {
          verdict.lines.add("  " + message.getSeverity() + " " + file.getFileName() + " " + id + " at " + at + ": " + message.getMessage());
        }
        continue;
      }
      if (id.startsWith("Validation_VAL_Profile_Minimum") && partial(resource, at, message.getMessage())) {
        verdict.used.add("SUBSETTED: elements that a profile asks for, in a resource that says it is not whole");
        continue;
      }
      Justified reason = justified.stream()
          .filter(j -> j.id.equals(id) && j.at.matcher(at).find() && j.says.matcher(message.getMessage()).find())
          .findFirst().orElse(null);
      if (reason == null) errors.add(id + " at " + at + ": " + message.getMessage());
      else verdict.used.add(reason.id + " " + reason.says);
    }
    verdict.say("valid " + file.getFileName(), errors);
    Path xml = file.resolveSibling(file.getFileName().toString().replaceFirst("\\.json$", ".xml"));
    if (!xml.equals(file) && Files.exists(xml)) {
      List<String> differ = new ArrayList<>();
      String left = comparable(context, resource);
      String right = comparable(context, parse(context, xml));
      if (!left.equals(right)) {
        int at = 0;
        while (at < left.length() && at < right.length() && left.charAt(at) == right.charAt(at)) at++;
        differ.add("JSON …" + left.substring(Math.max(0, at - 80), Math.min(left.length(), at + 80)));
        differ.add("XML  …" + right.substring(Math.max(0, at - 80), Math.min(right.length(), at + 80)));
      }
      verdict.say("the same in JSON and XML: " + file.getFileName(), differ);
    }
    return verdict;
  }

  /** Two answers differ in what names the answer itself: id and time of a Bundle, the address asked, the identity of an outcome in it. */
  private static String comparable(FhirContext context, IBaseResource resource) {
    if (resource instanceof Bundle bundle) {
      bundle.setId((String) null);
      bundle.setTimestamp(null);
      bundle.getMeta().setLastUpdated(null);
      bundle.getLink().forEach(link -> link.setUrl(null));
      for (Bundle.BundleEntryComponent entry : bundle.getEntry()) {
        if (entry.getResource() instanceof OperationOutcome outcome) {
          outcome.setId((String) null);
          entry.setFullUrl(null);
        }
        if (entry.getResource() instanceof Bundle inner) comparable(context, inner);
      }
    }
    return context.newJsonParser().setPrettyPrint(false).encodeResourceToString(resource);
  }

  /** Whether the resource at that place of a searchset is tagged as SUBSETTED and the missing element is asked for by a profile that it names. */
  private static boolean partial(IBaseResource resource, String at, String says) {
    Matcher place = ENTRY.matcher(at);
    if (!(resource instanceof Bundle bundle) || !place.find()) return false;
    Resource found = bundle.getEntry().get(Integer.parseInt(place.group(1))).getResource();
    return found.getMeta().getTag("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "SUBSETTED") != null
        && found.getMeta().getProfile().stream().anyMatch(profile -> says.contains("(from " + profile.getValue()));
  }

  /** Profiles name the definitions of R4 with their version, under which HAPI does not find its own. */
  private static final class R4 extends DefaultProfileValidationSupport {
    R4(FhirContext context) {
      super(context);
    }

    @Override
    public IBaseResource fetchStructureDefinition(String url) {
      return super.fetchStructureDefinition(url.replaceFirst("\\|4\\.0\\.1$", ""));
    }

    @Override
    public <T extends IBaseResource> T fetchResource(Class<T> kind, String url) {
      return super.fetchResource(kind, url.replaceFirst("\\|4\\.0\\.1$", ""));
    }
  }

  private static final Pattern ENTRY = Pattern.compile("^Bundle\\.entry\\[(\\d+)\\]\\.resource");

  private static IBaseResource parse(FhirContext context, Path file) throws IOException {
    String text = Files.readString(file);
    IBaseResource resource = text.stripLeading().startsWith("<")
        ? context.newXmlParser().parseResource(text) : context.newJsonParser().parseResource(text);
    if (!(resource instanceof Resource)) throw new IOException("no resource of R4: " + file);
    return resource;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      return walk.filter(p -> p.toString().endsWith(".json") || p.toString().endsWith(".xml")).sorted().toList();
    }
  }

  private Validate() {}
}
