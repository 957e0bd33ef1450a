package oracle;

import static oracle.Rows.bytes;
import static oracle.Rows.hex;
import static oracle.Rows.row;
import static oracle.Rows.typed;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** Runs a case on Kafka Streams' TopologyTestDriver. */
final class Run {
  static Topology build(Case one) {
    StreamsBuilder builder = new StreamsBuilder(new org.apache.kafka.streams.TopologyConfig(
        new StreamsConfig(config(one, Path.of("unused")))));
    one.topology.accept(builder);
    return builder.build(config(one, Path.of("unused")));
  }

  /** The internal topics that a case would create. */
  static Map<String, Object> topics(Case one) throws ReflectiveOperationException {
    Set<String> inputs = new TreeSet<>();
    for (Case.Step step : one.steps) if (step instanceof Case.Input input) inputs.add(input.topic());
    return Topics.of(build(one), config(one, Path.of("unused")), inputs);
  }

  private static Properties config(Case one, Path folder) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, "oracle");
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, "nowhere:1");
    config.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    config.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    config.put(StreamsConfig.STATE_DIR_CONFIG, folder.toString());
    // Java looks only once a second of wall-clock time for what outer joins and closed windows have to give; here at
    // every record, so that what comes out depends on the records alone.
    config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 0L);
    config.put(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_WINDOWED_AGGREGATION, 0L);
    config.putAll(one.config);
    return config;
  }

  /** What a case gives: what went in, the records of its output topics, the rows of its stores. */
  static Map<String, Object> vector(Case one, boolean generatedStores) throws IOException {
    Path folder = Files.createTempDirectory("oracle");
    Map<String, Object> vector = new LinkedHashMap<>();
    Set<String> keys = new TreeSet<>();
    try (TopologyTestDriver driver =
        new TopologyTestDriver(build(one), config(one, folder), Instant.ofEpochMilli(0))) {
      List<Object> inputs = new ArrayList<>();
      for (Case.Step step : one.steps) inputs.add(take(driver, step, keys));
      vector.put("inputs", inputs);
      vector.put("outputs", outputs(driver));
      List<Object> internal = new ArrayList<>();
      for (String topic : one.internalTopics) internal.addAll(records(driver, "oracle-" + topic, topic));
      if (!internal.isEmpty()) vector.put("internal", internal);
      vector.put("stores", !one.comparesStores ? Map.of()
          : generatedStores ? Stores.asOf(driver, keys, times(one)) : Stores.named(driver, keys));
      List<Object> reads = new ArrayList<>();
      for (Case.AsOf read : one.reads) reads.add(Stores.asOf(driver, read));
      if (!reads.isEmpty()) vector.put("reads", reads);
    } finally {
      delete(folder);
    }
    return vector;
  }

  private static Set<Long> times(Case one) {
    Set<Long> times = new TreeSet<>();
    for (Case.Step step : one.steps) if (step instanceof Case.Input input) times.add(input.timestampMs());
    return times;
  }

  /** Takes a step and returns how it is written; collects the strings that a versioned store may have as keys. */
  private static Object take(TopologyTestDriver driver, Case.Step step, Set<String> keys) {
    if (step instanceof Case.Advance advance) {
      driver.advanceWallClockTime(Duration.ofMillis(advance.ms()));
      return row("advanceMs", advance.ms());
    }
    Case.Input input = (Case.Input) step;
    TestRecord<byte[], byte[]> record = new TestRecord<>(bytes(input.key()), bytes(input.value()),
        new RecordHeaders(input.headers().toArray(Header[]::new)), input.timestampMs());
    driver.createInputTopic(input.topic(), new ByteArraySerializer(), new ByteArraySerializer()).pipeInput(record);
    return written(input, keys);
  }

  private static Object written(Case.Input input, Set<String> keys) {
    if (input.key() instanceof String key) keys.add(key);
    if (input.value() instanceof String value) keys.add(value);
    Map<String, Object> written = row("topic", input.topic(), "key", typed(input.key()), "value",
        typed(input.value()), "timestampMs", input.timestampMs());
    if (!input.headers().isEmpty()) written.put("headers", headers(input.headers()));
    return written;
  }

  /** All records of the topics whose names begin with "out", as hexadecimal bytes, by topic. */
  private static List<Object> outputs(TopologyTestDriver driver) {
    List<Object> outputs = new ArrayList<>();
    for (String topic : new TreeSet<>(driver.producedTopicNames())) {
      if (topic.startsWith("out")) outputs.addAll(records(driver, topic, topic));
    }
    return outputs;
  }

  private static List<Object> records(TopologyTestDriver driver, String topic, String name) {
    List<Object> records = new ArrayList<>();
    driver
        .createOutputTopic(topic, new ByteArrayDeserializer(), new ByteArrayDeserializer())
        .readRecordsToList()
        .forEach(record -> {
          Map<String, Object> output = row("topic", name, "key", hex(record.key()), "value",
              hex(record.value()), "timestampMs", record.timestamp());
          List<Header> headers = List.of(record.headers().toArray());
          if (!headers.isEmpty()) output.put("headers", headers(headers));
          records.add(output);
        });
    return records;
  }

  /** Names with hexadecimal values, a space between the two. */
  private static String headers(List<? extends Header> headers) {
    return String.join(", ", headers.stream().map(h -> h.key() + " " + hex(h.value())).toList());
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) Files.deleteIfExists(file);
    }
  }
}
