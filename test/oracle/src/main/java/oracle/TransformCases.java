package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.ValueTransformerWithKey;
import org.apache.kafka.streams.processor.ProcessorContext;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.ContextualFixedKeyProcessor;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.FixedKeyProcessorContext;
import org.apache.kafka.streams.processor.api.FixedKeyRecord;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Users' code in tables and streams, with stores and punctuations. */
final class TransformCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    tables(cases);
    streams(cases);
    return cases;
  }

  private static void tables(List<Case> cases) {
    cases.add(TableCases.rows(new Case("transform-values", builder ->
        builder.<String, String>table("in").transformValues(Shouting::new).toStream().to("out"))));
    cases.add(TableCases.rows(new Case("transform-values-stored", builder ->
        builder.<String, String>table("in")
            .transformValues(Shouting::new, GroupCases.store("loud", Serdes.String()), Named.as("shout"))
            .toStream().to("out"))));
    cases.add(TableCases.rows(new Case("transform-values-counting", builder -> {
      addStore(builder, "seen");
      builder.<String, String>table("in")
          .transformValues(() -> new Counting("seen"), Named.as("number"), "seen").toStream().to("out");
    })));
    cases.add(TableCases.rows(new Case("transform-values-grouped", builder -> {
      addStore(builder, "seen");
      builder.<String, String>table("in")
          .transformValues(() -> new Counting("seen"), GroupCases.store("numbers", Serdes.String()), "seen")
          .groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as("one"))
          .reduce((a, b) -> a + "+" + b, (a, b) -> a + "-" + b, GroupCases.store("reduced", Serdes.String()))
          .toStream().to("out");
    })));
    cases.add(TableCases.rows(new Case("transform-values-grouped-unstored", builder ->
        builder.<String, String>table("in").transformValues(Shouting::new)
            .groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as("one"))
            .reduce((a, b) -> a + "+" + b, (a, b) -> a + "-" + b, GroupCases.store("reduced", Serdes.String()))
            .toStream().to("out"))));
    cases.add(joined(new Case("transform-values-joined", builder -> {
      KTable<String, String> table = builder.<String, String>table("table").transformValues(Shouting::new);
      builder.<String, String>stream("in").leftJoin(table, (a, b) -> a + b).to("out");
    })));
    cases.add(joined(new Case("transform-values-joined-stored", builder -> {
      KTable<String, String> table = builder.<String, String>table("table")
          .filter((key, value) -> !value.equals("B"))
          .transformValues(Shouting::new, GroupCases.store("loud", Serdes.String()));
      builder.<String, String>stream("in").join(table, (a, b) -> a + b).to("out");
    })));
    cases.add(joined(new Case("transform-values-versioned-joined", builder -> {
      KTable<String, String> table = builder.<String, String>table("table", Materialized.<String, String>as(
          Stores.persistentVersionedKeyValueStore("versions", Duration.ofMillis(100)))
          .withKeySerde(Serdes.String()).withValueSerde(Serdes.String())).transformValues(Shouting::new);
      builder.<String, String>stream("in").leftJoin(table, (a, b) -> a + b).to("out");
    })).in("table", "k", "D", 20).in("in", "k", "6", 5).in("in", "k", "7", 12).in("in", "k", "8", 25)
        .in("table", "k", "E", 15).in("in", "k", "9", 16).in("in", "k", "10", 3));
    cases.add(TableCases.rows(new Case("transform-values-of-filtered", builder ->
        builder.<String, String>table("in", Consumed.as("rows")).filter((key, value) -> value.length() > 1)
            .transformValues(Shouting::new).filterNot((key, value) -> value.contains("b"))
            .mapValues(value -> value + "?").toStream().to("out"))));
  }

  private static void streams(List<Case> cases) {
    cases.add(words(new Case("process-stored", builder -> {
      addStore(builder, "seen");
      builder.<String, String>stream("in").process(Latest::new, Named.as("latest"), "seen").to("out");
    })));
    cases.add(words(new Case("process-values-stored", builder -> {
      addStore(builder, "seen");
      KStream<String, String> stream = builder.stream("in");
      stream.processValues(Repeating::new, Named.as("repeat"), "seen").to("out");
      stream.processValues(Repeating::new, "seen").groupByKey().count().toStream().to("out-2", GroupCases.longs);
    })));
    cases.add(words(new Case("process-punctuating", builder -> {
      addStore(builder, "seen");
      builder.<String, String>stream("in").process(() -> new Flushing(PunctuationType.STREAM_TIME), "seen").to("out");
    })));
    cases.add(new Case("process-punctuating-by-clock", builder -> {
      addStore(builder, "seen");
      builder.<String, String>stream("in").process(() -> new Flushing(PunctuationType.WALL_CLOCK_TIME), "seen")
          .to("out");
    }).in("in", "a", "1", 5).advance(9).in("in", "b", "2", 3).advance(1).advance(35).in("in", "a", "3", 90).advance(10));
    cases.add(words(new Case("process-to-children", builder -> {
      KStream<String, String> routed = builder.<String, String>stream("in").process(Routing::new, Named.as("route"));
      routed.filter((key, value) -> true, Named.as("even")).to("out");
      routed.mapValues(value -> value + "!", Named.as("odd")).to("out-2");
    })));
  }

  private static Case words(Case one) {
    return one.in("in", "a", "x", 5).in("in", "b", "yy", 3).header("id", "1").in("in", "a", "zzz", 12)
        .in("in", "c", "", 14).in("in", "a", "xy", 9).in("in", "b", "z", 31).in("in", "a", "w", 33)
        .in("in", "d", "vv", 55);
  }

  private static Case joined(Case one) {
    return one.in("in", "k", "0", 1).in("table", "k", "A", 2).in("in", "k", "1", 3).in("table", "k", "B", 4)
        .in("in", "k", "2", 5).in("table", "k", null, 6).in("in", "k", "3", 7).in("table", "n", "C", 8)
        .in("in", "n", "4", 9).in("in", "l", "5", 10);
  }

  private static void addStore(StreamsBuilder builder, String name) {
    builder.addStateStore(Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(name), Serdes.String(), Serdes.String()));
  }

  /** Keeps nothing. */
  private static final class Shouting implements ValueTransformerWithKey<String, String, String> {
    @Override
    public void init(ProcessorContext context) {}

    @Override
    public String transform(String key, String value) {
      return "n".equals(key) ? null : key + "->" + value + "!";
    }

    @Override
    public void close() {}
  }

  /** Numbers the values of each key, deletions too. */
  private static final class Counting implements ValueTransformerWithKey<String, String, String> {
    private final String name;
    private KeyValueStore<String, String> store;
    private ProcessorContext context;

    Counting(String name) {
      this.name = name;
    }

    @Override
    public void init(ProcessorContext context) {
      this.context = context;
      store = context.getStateStore(name);
    }

    @Override
    public String transform(String key, String value) {
      String before = store.get(key);
      int number = before == null ? 1 : Integer.parseInt(before) + 1;
      store.put(key, String.valueOf(number));
      return value == null ? null : number + ":" + value + "@" + context.timestamp();
    }

    @Override
    public void close() {}
  }

  /** Forwards each value with the one before it, under another key. */
  private static final class Latest extends ContextualProcessor<String, String, String, String> {
    @Override
    public void process(Record<String, String> record) {
      KeyValueStore<String, String> store = context().getStateStore("seen");
      String before = store.get(record.key());
      store.put(record.key(), record.value());
      context().forward(record.withKey(record.key() + "'").withValue(before + "," + record.value())
          .withTimestamp(record.timestamp() + 100));
    }
  }

  /** Forwards each value as often as it came for its key. */
  private static final class Repeating extends ContextualFixedKeyProcessor<String, String, String> {
    private KeyValueStore<String, String> store;

    @Override
    public void init(FixedKeyProcessorContext<String, String> context) {
      super.init(context);
      store = context.getStateStore("seen");
    }

    @Override
    public void process(FixedKeyRecord<String, String> record) {
      String all = store.get(record.key());
      all = all == null ? record.value() : all + record.value();
      store.put(record.key(), all);
      context().forward(record.withValue(all));
      context().forward(record.withValue(String.valueOf(all.length())).withTimestamp(record.timestamp() + 1));
    }
  }

  /** Forwards all that it has seen each ten milliseconds, and forgets it. */
  private static final class Flushing extends ContextualProcessor<String, String, String, String> {
    private final PunctuationType type;

    Flushing(PunctuationType type) {
      this.type = type;
    }

    @Override
    public void init(org.apache.kafka.streams.processor.api.ProcessorContext<String, String> context) {
      super.init(context);
      KeyValueStore<String, String> store = context.getStateStore("seen");
      context.schedule(Duration.ofMillis(10), type, timestamp -> {
        List<KeyValue<String, String>> all = new ArrayList<>();
        try (var entries = store.all()) {
          entries.forEachRemaining(all::add);
        }
        for (KeyValue<String, String> entry : all) {
          context.forward(new Record<>(entry.key, entry.value, timestamp));
          store.delete(entry.key);
        }
      });
    }

    @Override
    public void process(Record<String, String> record) {
      context().<KeyValueStore<String, String>>getStateStore("seen").put(record.key(), record.value());
    }
  }

  /** Sends values of even length to one child, and others to the other. */
  private static final class Routing extends ContextualProcessor<String, String, String, String> {
    @Override
    public void process(Record<String, String> record) {
      context().forward(record, record.value().length() % 2 == 0 ? "even" : "odd");
    }
  }
}
