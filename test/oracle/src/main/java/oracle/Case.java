package oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;

/** A topology, and perhaps records to send through it. */
final class Case {
  /** What happens to a running topology. */
  sealed interface Step permits Input, Advance {}

  /** A record; its key and value are null or a String, Long, Integer, Double or byte[]. */
  record Input(String topic, Object key, Object value, long timestampMs, List<RecordHeader> headers)
      implements Step {}

  /** The wall clock moves on. */
  record Advance(long ms) implements Step {}

  /** A read of a versioned store as of a time, at the end. */
  record AsOf(String store, Object key, long asOfMs) {}

  final String name;
  final Consumer<StreamsBuilder> topology;
  final List<Step> steps = new ArrayList<>();
  final List<AsOf> reads = new ArrayList<>();
  /** Settings of Kafka Streams other than the defaults of {@link Run}. */
  final Map<String, Object> config = new LinkedHashMap<>();
  /** Topics of the application's own whose records are written too, by their names without the application's. */
  final List<String> internalTopics = new ArrayList<>();
  boolean refused = false;
  boolean comparesStores = true;

  Case(String name, Consumer<StreamsBuilder> topology) {
    this.name = name;
    this.topology = topology;
  }

  /** Adds a record; key and value may be null. */
  Case in(String topic, Object key, Object value, long timestampMs) {
    steps.add(new Input(topic, key, value, timestampMs, new ArrayList<>()));
    return this;
  }

  /** Adds a header to the last record. */
  Case header(String name, String value) {
    ((Input) steps.get(steps.size() - 1)).headers()
        .add(new RecordHeader(name, value == null ? null : value.getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    return this;
  }

  /** Moves the wall clock on, which begins at 0. */
  Case advance(long ms) {
    steps.add(new Advance(ms));
    return this;
  }

  /** Reads a versioned store as of a time, when all records are through. */
  Case asOf(String store, Object key, long asOfMs) {
    reads.add(new AsOf(store, key, asOfMs));
    return this;
  }

  /** Runs with a setting of Kafka Streams; the replay must know it. */
  Case config(String key, Object value) {
    config.put(key, value);
    return this;
  }

  /** Writes the records of these topics of the application's own too. */
  Case internal(String... topics) {
    internalTopics.addAll(List.of(topics));
    return this;
  }

  /** Runs with Java's record cache; without it, every update is forwarded. */
  Case cached() {
    return config(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 10_000_000);
  }

  /** Leaves the contents of stores out, as where Kafka Streams still has what it does not answer with any more. */
  Case outputsOnly() {
    comparesStores = false;
    return this;
  }

  /** Says that Kafka Streams does not take the topology: declaring, building or starting it throws. */
  Case refused() {
    refused = true;
    return this;
  }
}
