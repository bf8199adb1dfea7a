package interop;

import ca.uhn.fhir.context.FhirContext;
import ca.uhn.fhir.context.support.DefaultProfileValidationSupport;
import ca.uhn.fhir.context.support.IValidationSupport;
import ca.uhn.fhir.validation.FhirValidator;
import ca.uhn.fhir.validation.ResultSeverityEnum;
import ca.uhn.fhir.validation.SingleValidationMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
import org.hl7.fhir.r4.model.Resource;

/**
 * HL7's validator over every file of a folder. Definitions come from the folders given, never from the network.
 * usage: Validate JUSTIFIED FOLDER [DEFINITIONS…]
 */
public final class Validate {
  /** An error that is not the server's: which message, where, in which words, and why. */
  private record Justified(String id, Pattern at, Pattern says, String because) {}

  public static void main(String[] args) throws IOException {
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
        new DefaultProfileValidationSupport(context), ours, new CommonCodeSystemsTerminologyService(context),
        new InMemoryTerminologyServerValidationSupport(context), new SnapshotGeneratingValidationSupport(context), unknown));
    engine.setErrorForUnknownProfiles(false);
    engine.setAnyExtensionsAllowed(true);
    FhirValidator validator = context.newValidator();
    validator.registerValidatorModule(engine);

    Map<String, String> used = new TreeMap<>();
    Map<String, Integer> warnings = new TreeMap<>();
    int bad = 0;
    int good = 0;
    for (Path file : files(Path.of(args[1]))) {
      List<String> errors = new ArrayList<>();
      for (SingleValidationMessage message : validator.validateWithResult(Files.readString(file)).getMessages()) {
        String id = String.valueOf(message.getMessageId());
        String at = String.valueOf(message.getLocationString());
        if (message.getSeverity().ordinal() < ResultSeverityEnum.ERROR.ordinal()) {
          warnings.merge(message.getSeverity().getCode() + " " + id, 1, Integer::sum);
          if (System.getenv("WARNINGS") != null) {
            System.out.println("  " + message.getSeverity() + " " + file.getFileName() + " " + id + " at " + at + ": " + message.getMessage());
          }
          continue;
        }
        Justified reason = justified.stream()
            .filter(j -> j.id.equals(id) && j.at.matcher(at).find() && j.says.matcher(message.getMessage()).find())
            .findFirst().orElse(null);
        if (reason == null) errors.add(id + " at " + at + ": " + message.getMessage());
        else used.merge(reason.id + " " + reason.says, "1", (a, b) -> String.valueOf(Integer.parseInt(a) + 1));
      }
      if (errors.isEmpty()) {
        good++;
        System.out.println("ok valid " + file.getFileName());
      } else {
        bad++;
        System.out.println("FAIL valid " + file.getFileName());
        errors.forEach(error -> System.out.println("  " + error));
      }
    }
    System.out.println("# " + (good + bad) + " files, " + definitions + " definitions loaded; below an error: " + warnings);
    used.forEach((what, times) -> System.out.println("# justified " + times + " times: " + what));
    System.exit(bad == 0 && good > 0 ? 0 : 1);
  }

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
