package oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.internals.Change;
import org.apache.kafka.streams.kstream.internals.ChangedSerializer;
import org.apache.kafka.streams.processor.StateStore;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.TimestampedKeyValueStore;
import org.apache.kafka.streams.state.TimestampedWindowStore;
import org.apache.kafka.streams.state.ValueAndTimestamp;

/** Writes what Kafka Streams prints for each topology, and what it does with the records of those that have some. */
public final class Main {
  public static void main(String[] arguments) throws IOException {
    Path root = Path.of(arguments[0]);
    Path describe = Files.createDirectories(root.resolve("describe"));
    Path behaviour = Files.createDirectories(root.resolve("behaviour"));
    List<Case> cases = new ArrayList<>();
    cases.addAll(StreamCases.all());
    cases.addAll(GroupCases.all());
    cases.addAll(TableCases.all());
    cases.addAll(JoinCases.all());
    cases.addAll(ProcessorCases.all());
    for (Case one : cases) {
      Files.writeString(describe.resolve(one.name + ".txt"), build(one).describe().toString());
      if (!one.inputs.isEmpty()) {
        Files.writeString(behaviour.resolve(one.name + ".json"), Json.of(run(one)) + "\n");
      }
    }
    Files.writeString(describe.resolve("processor-api.txt"), ProcessorApi.topology().describe().toString());
    Files.writeString(root.resolve("change-format.json"), Json.of(changeFormat()) + "\n");
  }

  private static Topology build(Case one) {
    StreamsBuilder builder = new StreamsBuilder();
    one.topology.accept(builder);
    return builder.build();
  }

  private static Map<String, Object> run(Case one) throws IOException {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "oracle");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
    config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, one.cacheBytes);
    config.put(StreamsConfig.STATE_DIR_CONFIG, Files.createTempDirectory("oracle").toString());
    Map<String, Object> vector = new LinkedHashMap<>();
    try (TopologyTestDriver driver = new TopologyTestDriver(build(one), config)) {
      List<Object> inputs = new ArrayList<>();
      for (Case.Input input : one.inputs) {
        driver
            .createInputTopic(input.topic(), new StringSerializer(), new StringSerializer())
            .pipeInput(input.key(), input.value(), input.timestampMs());
        inputs.add(row("topic", input.topic(), "key", input.key(), "value", input.value(),
            "timestampMs", input.timestampMs()));
      }
      vector.put("inputs", inputs);
      vector.put("outputs", outputs(driver));
      vector.put("stores", stores(driver));
    }
    return vector;
  }

  /** All records of the topics whose names begin with "out", as hexadecimal bytes, by topic. */
  private static List<Object> outputs(TopologyTestDriver driver) {
    List<Object> outputs = new ArrayList<>();
    for (String topic : new java.util.TreeSet<>(driver.producedTopicNames())) {
      if (!topic.startsWith("out")) continue;
      driver
          .createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
          .readRecordsToList()
          .forEach(record -> outputs.add(row("topic", topic, "key", hex(record.key()),
              "value", hex(record.value()), "timestampMs", record.timestamp())));
    }
    return outputs;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> stores(TopologyTestDriver driver) {
    Map<String, Object> stores = new TreeMap<>();
    for (Map.Entry<String, StateStore> entry : driver.getAllStateStores().entrySet()) {
      if (entry.getKey().contains("STATE-STORE")) continue;
      List<Object> rows = new ArrayList<>();
      if (entry.getValue() instanceof TimestampedKeyValueStore<?, ?> store) {
        try (KeyValueIterator<?, ? extends ValueAndTimestamp<?>> all =
            (KeyValueIterator<?, ? extends ValueAndTimestamp<?>>) (KeyValueIterator<?, ?>) store.all()) {
          all.forEachRemaining(kv -> rows.add(row("key", kv.key, "value", kv.value.value(),
              "timestampMs", kv.value.timestamp())));
        }
      } else if (entry.getValue() instanceof TimestampedWindowStore<?, ?> store) {
        try (KeyValueIterator<? extends Windowed<?>, ? extends ValueAndTimestamp<?>> all =
            (KeyValueIterator<? extends Windowed<?>, ? extends ValueAndTimestamp<?>>)
                (KeyValueIterator<?, ?>) store.all()) {
          all.forEachRemaining(kv -> rows.add(row("key", kv.key.key(), "windowStartMs",
              kv.key.window().start(), "value", kv.value.value(), "timestampMs",
              kv.value.timestamp())));
        }
      }
      stores.put(entry.getKey(), rows);
    }
    return stores;
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

  private static Map<String, Object> row(Object... pairs) {
    Map<String, Object> row = new LinkedHashMap<>();
    for (int i = 0; i < pairs.length; i += 2) row.put((String) pairs[i], pairs[i + 1]);
    return row;
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? null : HexFormat.of().formatHex(bytes);
  }
}
