package oracle;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.apache.kafka.streams.StreamsBuilder;

/** A topology, and perhaps records to send through it. */
final class Case {
  record Input(String topic, String key, String value, long timestampMs) {}

  final String name;
  final Consumer<StreamsBuilder> topology;
  final List<Input> inputs = new ArrayList<>();
  /** Bytes of record cache; 0 forwards every update. */
  long cacheBytes = 0;

  Case(String name, Consumer<StreamsBuilder> topology) {
    this.name = name;
    this.topology = topology;
  }

  /** Adds a record; key and value may be null. */
  Case in(String topic, String key, String value, long timestampMs) {
    inputs.add(new Input(topic, key, value, timestampMs));
    return this;
  }

  Case cached() {
    cacheBytes = 10_000_000;
    return this;
  }
}
