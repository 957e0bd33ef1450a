package oracle;

import static oracle.Rows.hex;
import static oracle.Rows.row;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.kstream.internals.Change;
import org.apache.kafka.streams.kstream.internals.ChangedSerializer;

/** Writes what Kafka Streams prints for each topology, and what it does with the records of those that have some. */
public final class Main {
  /** Arguments: the folder to write to, and perhaps a part of the name of the families to run. */
  public static void main(String[] arguments) throws Exception {
    Path root = Path.of(arguments[0]);
    String wanted = arguments.length > 1 ? arguments[1].toLowerCase(java.util.Locale.ROOT) : "";
    Path describe = Files.createDirectories(root.resolve("describe"));
    Path behaviour = Files.createDirectories(root.resolve("behaviour"));
    Path refused = Files.createDirectories(root.resolve("refused"));
    Path config = Files.createDirectories(root.resolve("config"));
    Path topics = Files.createDirectories(root.resolve("topics"));
    for (Case one : Families.all(wanted)) {
      if (!one.config.isEmpty()) {
        Files.writeString(config.resolve(one.name + ".json"), Json.of(new TreeMap<>(one.config)) + "\n");
      }
      if (one.refused) {
        Files.writeString(refused.resolve(one.name + ".txt"), refusal(one) + "\n");
        continue;
      }
      Files.writeString(describe.resolve(one.name + ".txt"), Run.build(one).describe().toString());
      Map<String, Object> internal = Run.topics(one);
      if (!internal.isEmpty()) Files.writeString(topics.resolve(one.name + ".json"), Json.of(internal) + "\n");
      if (!one.steps.isEmpty()) {
        Files.writeString(behaviour.resolve(one.name + ".json"), Json.of(Run.vector(one, false)) + "\n");
      }
    }
    if (!wanted.isEmpty()) return;
    Files.writeString(describe.resolve("processor-api.txt"), ProcessorApi.topology().describe().toString());
    Files.writeString(root.resolve("change-format.json"), Json.of(changeFormat()) + "\n");
    Files.writeString(root.resolve("join-formats.json"), Json.of(JoinFormats.all()) + "\n");
    Files.writeString(root.resolve("foreign-key-formats.json"), Json.of(ForeignKeyFormats.all()) + "\n");
  }

  /** What Kafka Streams says against a topology that it does not take. */
  private static String refusal(Case one) throws IOException {
    try {
      Run.vector(one, false);
    } catch (RuntimeException refusal) {
      // Objects that print themselves by address would differ from run to run.
      String message = String.valueOf(refusal.getMessage()).replaceAll("@[0-9a-f]+\\b", "");
      return refusal.getClass().getSimpleName() + ": " + message;
    }
    throw new IllegalStateException("Kafka Streams takes the topology " + one.name);
  }

  private static List<Object> changeFormat() {
    List<Object> rows = new ArrayList<>();
    String[][] changes = {{"new", null}, {null, "old"}, {"new", "old"}, {"", "old"}, {"new", ""},
        {"n".repeat(64), "o"}, {"n".repeat(8192), "old"}};
    for (String[] change : changes) {
      byte[] bytes = new ChangedSerializer<>(new StringSerializer())
          .serialize("topic", new RecordHeaders(), new Change<>(change[0], change[1]));
      rows.add(row("newValue", change[0], "oldValue", change[1], "bytes", hex(bytes)));
    }
    return rows;
  }
}
