package oracle;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * Builds a topology of a random specification; test/dsl/random/build.ts builds the same. A specification is a list of
 * operators that refer to the values of earlier ones by number.
 */
@SuppressWarnings({"unchecked", "rawtypes"})
final class RandomTopology {
  /** What an operator gives, with the types of its keys (S text, W window, X session) and values (S text, L number). */
  record Value(Object node, char key, char value, long sizeMs) {
    KStream<Object, Object> stream() {
      return (KStream<Object, Object>) node;
    }

    KTable<Object, Object> table() {
      return (KTable<Object, Object>) node;
    }

    Serde keySerde() {
      return switch (key) {
        case 'S' -> Serdes.String();
        case 'W' -> WindowedSerdes.timeWindowedSerdeFrom(String.class, sizeMs);
        default -> WindowedSerdes.sessionWindowedSerdeFrom(String.class);
      };
    }

    Serde valueSerde() {
      return value == 'S' ? Serdes.String() : Serdes.Long();
    }
  }

  private final StreamsBuilder builder;
  private final List<Value> values = new ArrayList<>();
  /** The types of what is written to each topic. */
  final Map<String, Value> sinks = new LinkedHashMap<>();

  RandomTopology(StreamsBuilder builder) {
    this.builder = builder;
  }

  void declare(JsonNode ops) {
    for (JsonNode op : ops) new RandomOperator(op).declare();
  }

  /** One operator in the making. */
  private final class RandomOperator {
    private final JsonNode op;
    private final int f;

    RandomOperator(JsonNode op) {
      this.op = op;
      this.f = op.path("f").asInt();
    }

    void declare() {
      switch (op.get("op").asText()) {
        case "stream" -> add(builder.stream(texts("topics"), consumed()), 'S', 'S', 0);
        case "table" -> add(stored() ? builder.table(text("topic"), consumed(), kv(strings()))
            : builder.table(text("topic"), consumed()), 'S', 'S', 0);
        case "globalTable" -> add(stored() ? builder.globalTable(text("topic"), consumed(), kv(strings()))
            : builder.globalTable(text("topic"), consumed()), 'S', 'S', 0);
        case "filter", "filterNot", "mapValues" -> derived(op.get("op").asText());
        case "flatMapValues" -> {
          ValueMapperWithKey<Object, Object, List<String>> several =
              (k, v) -> RandomFunctions.several(f, k, v);
          like(named() ? of().stream().flatMapValues(several, name()) : of().stream().flatMapValues(several), 'S');
        }
        case "map" -> {
          KeyValueMapper pair = (k, v) -> RandomFunctions.pair(f, k, v);
          add(named() ? of().stream().map(pair, name()) : of().stream().map(pair), 'S', 'S', 0);
        }
        case "flatMap" -> {
          KeyValueMapper pairs = (k, v) -> RandomFunctions.pairs(f, k, v);
          add(named() ? of().stream().flatMap(pairs, name()) : of().stream().flatMap(pairs), 'S', 'S', 0);
        }
        case "selectKey" -> {
          KeyValueMapper rekeyed = (k, v) -> RandomFunctions.rekeyed(f, k, v);
          add(named() ? of().stream().selectKey(rekeyed, name()) : of().stream().selectKey(rekeyed), 'S',
              of().value(), 0);
        }
        case "peek" -> like(named() ? of().stream().peek((k, v) -> {}, name()) : of().stream().peek((k, v) -> {}),
            of().value());
        case "merge" -> like(named() ? of().stream().merge(with().stream(), name())
            : of().stream().merge(with().stream()), of().value());
        case "branch" -> branch();
        case "repartition" -> {
          Repartitioned how = Repartitioned.with(of().keySerde(), of().valueSerde());
          like(of().stream().repartition(named() ? how.withName(text("name")) : how), of().value());
        }
        case "groupByKey" -> like(of().stream().groupByKey(grouped(of().keySerde())), of().value());
        case "groupBy" -> add(of().stream().groupBy((k, v) -> RandomFunctions.rekeyed(f, k, v),
            grouped(Serdes.String())), 'S', of().value(), 0);
        case "count", "reduce", "aggregate" -> aggregation(op.get("op").asText());
        case "cogroup" -> cogroup();
        case "toTable" -> {
          Materialized as = kv(of());
          like(named() ? of().stream().toTable(name(), as) : of().stream().toTable(as), of().value());
        }
        case "toStream" -> like(named() ? of().table().toStream(name()) : of().table().toStream(), of().value());
        case "tableGroupBy" -> add(of().table().groupBy((k, v) -> RandomFunctions.pair(f, k, v),
            grouped(Serdes.String(), Serdes.String())), 'S', 'S', 0);
        case "tableCount", "tableReduce", "tableAggregate" -> tableAggregation(op.get("op").asText());
        case "streamTableJoin", "streamTableLeftJoin" -> streamTableJoin();
        case "globalJoin", "globalLeftJoin" -> globalJoin();
        case "streamJoin", "streamLeftJoin", "streamOuterJoin" -> streamJoin(op.get("op").asText());
        case "tableJoin", "tableLeftJoin", "tableOuterJoin" -> tableJoin(op.get("op").asText());
        case "foreignJoin", "foreignLeftJoin" -> foreignJoin();
        case "suppress" -> suppress();
        case "to" -> {
          of().stream().to(text("topic"), Produced.with(of().keySerde(), of().valueSerde()));
          sinks.put(text("topic"), of());
        }
        default -> throw new IllegalArgumentException("No operator " + op);
      }
    }

    private void derived(String kind) {
      Predicate<Object, Object> predicate = (k, v) -> RandomFunctions.predicate(f, k, v);
      ValueMapperWithKey<Object, Object, String> mapper = (k, v) -> RandomFunctions.mapped(f, k, v);
      if (of().node() instanceof KStream<?, ?>) {
        KStream<Object, Object> stream = of().stream();
        switch (kind) {
          case "filter" -> like(named() ? stream.filter(predicate, name()) : stream.filter(predicate), of().value());
          case "filterNot" -> like(named() ? stream.filterNot(predicate, name()) : stream.filterNot(predicate),
              of().value());
          default -> like(named() ? stream.mapValues(mapper, name()) : stream.mapValues(mapper), 'S');
        }
        return;
      }
      KTable<Object, Object> table = of().table();
      Named as = named() ? name() : null;
      switch (kind) {
        case "filter" -> like(stored() ? (named() ? table.filter(predicate, as, kv(of())) : table.filter(predicate, kv(of())))
            : named() ? table.filter(predicate, as) : table.filter(predicate), of().value());
        case "filterNot" -> like(stored()
            ? (named() ? table.filterNot(predicate, as, kv(of())) : table.filterNot(predicate, kv(of())))
            : named() ? table.filterNot(predicate, as) : table.filterNot(predicate), of().value());
        default -> {
          Materialized to = Materialized.with(of().keySerde(), Serdes.String());
          if (stored()) to = kv(new Value(null, of().key(), 'S', of().sizeMs()));
          like(stored() ? (named() ? table.mapValues(mapper, as, to) : table.mapValues(mapper, to))
              : named() ? table.mapValues(mapper, as) : table.mapValues(mapper), 'S');
        }
      }
    }

    private void branch() {
      BranchedKStream<Object, Object> split = named() ? of().stream().split(name()) : of().stream().split();
      int branches = op.get("branches").asInt();
      List<KStream> taken = new ArrayList<>();
      for (int i = 0; i < branches; i++) {
        int number = f + i;
        split = split.branch((k, v) -> !RandomFunctions.predicate(number, k, v),
            Branched.<Object, Object>withConsumer(taken::add));
      }
      if (op.path("rest").asBoolean()) split.defaultBranch(Branched.<Object, Object>withConsumer(taken::add));
      else split.noDefaultBranch();
      for (KStream one : taken) like(one, of().value());
    }

    private void aggregation(String kind) {
      KGroupedStream<Object, Object> grouped = (KGroupedStream<Object, Object>) of().node();
      Reducer<Object> reducer = (a, b) -> RandomFunctions.reduced(f, a, b);
      Aggregator<Object, Object, Object> adder = (k, v, all) -> RandomFunctions.aggregated(f, k, v, all);
      Merger<Object, Object> merger = (k, a, b) -> RandomFunctions.sessionsMerged(f, k, a, b);
      char out = kind.equals("count") ? 'L' : kind.equals("reduce") ? of().value() : 'S';
      Value held = new Value(null, of().key(), out, 0);
      Materialized as = kv(held);
      JsonNode windows = op.path("windows");
      if (windows.isMissingNode()) {
        add(switch (kind) {
          case "count" -> stored() ? (named() ? grouped.count(name(), as) : grouped.count(as))
              : named() ? grouped.count(name()) : grouped.count();
          // There is no form with a name alone.
          case "reduce" -> named() ? grouped.reduce(reducer, name(), as)
              : stored() ? grouped.reduce(reducer, as) : grouped.reduce(reducer);
          default -> named() ? grouped.aggregate(() -> null, adder, name(), as)
              : stored() ? grouped.aggregate(() -> null, adder, as) : grouped.aggregate(() -> null, adder);
        }, of().key(), out, 0);
        return;
      }
      if (windows.get("type").asText().equals("session")) {
        SessionWindowedKStream<Object, Object> windowed = grouped.windowedBy(sessions(windows)).emitStrategy(emit());
        add(switch (kind) {
          case "count" -> stored() ? (named() ? windowed.count(name(), as) : windowed.count(as))
              : named() ? windowed.count(name()) : windowed.count();
          case "reduce" -> stored() ? (named() ? windowed.reduce(reducer, name(), as) : windowed.reduce(reducer, as))
              : named() ? windowed.reduce(reducer, name()) : windowed.reduce(reducer);
          default -> stored() ? (named() ? windowed.aggregate(() -> "", adder, merger, name(), as) : windowed.aggregate(() -> "", adder, merger, as))
              : named() ? windowed.aggregate(() -> "", adder, merger, name()) : windowed.aggregate(() -> "", adder, merger);
        }, 'X', out, 0);
        return;
      }
      TimeWindowedKStream<Object, Object> windowed = (windows.get("type").asText().equals("sliding")
          ? grouped.windowedBy(sliding(windows)) : grouped.windowedBy(times(windows))).emitStrategy(emit());
      add(switch (kind) {
        case "count" -> stored() ? (named() ? windowed.count(name(), as) : windowed.count(as))
              : named() ? windowed.count(name()) : windowed.count();
        case "reduce" -> stored() ? (named() ? windowed.reduce(reducer, name(), as) : windowed.reduce(reducer, as))
              : named() ? windowed.reduce(reducer, name()) : windowed.reduce(reducer);
        default -> stored() ? (named() ? windowed.aggregate(() -> null, adder, name(), as) : windowed.aggregate(() -> null, adder, as))
              : named() ? windowed.aggregate(() -> null, adder, name()) : windowed.aggregate(() -> null, adder);
      }, 'W', out, windows.get("size").asLong());
    }

    private void cogroup() {
      Aggregator<Object, Object, Object> adder = (k, v, all) -> RandomFunctions.aggregated(f, k, v, all);
      Merger<Object, Object> merger = (k, a, b) -> RandomFunctions.sessionsMerged(f, k, a, b);
      CogroupedKStream<Object, Object> all = null;
      for (JsonNode ref : op.get("groups")) {
        KGroupedStream<Object, Object> grouped = (KGroupedStream<Object, Object>) values.get(ref.asInt()).node();
        all = all == null ? grouped.cogroup(adder) : all.cogroup(grouped, adder);
      }
      Materialized as = kv(new Value(null, 'S', 'S', 0));
      JsonNode windows = op.path("windows");
      if (windows.isMissingNode()) {
        add(stored() ? (named() ? all.aggregate(() -> null, name(), as) : all.aggregate(() -> null, as))
              : named() ? all.aggregate(() -> null, name()) : all.aggregate(() -> null), 'S', 'S', 0);
      } else if (windows.get("type").asText().equals("session")) {
        SessionWindowedCogroupedKStream<Object, Object> windowed = all.windowedBy(sessions(windows));
        add(stored() ? (named() ? windowed.aggregate(() -> "", merger, name(), as) : windowed.aggregate(() -> "", merger, as))
              : named() ? windowed.aggregate(() -> "", merger, name()) : windowed.aggregate(() -> "", merger), 'X', 'S', 0);
      } else {
        TimeWindowedCogroupedKStream<Object, Object> windowed = windows.get("type").asText().equals("sliding")
            ? all.windowedBy(sliding(windows)) : all.windowedBy(times(windows));
        add(stored() ? (named() ? windowed.aggregate(() -> null, name(), as) : windowed.aggregate(() -> null, as))
              : named() ? windowed.aggregate(() -> null, name()) : windowed.aggregate(() -> null), 'W', 'S',
            windows.get("size").asLong());
      }
    }

    private void tableAggregation(String kind) {
      KGroupedTable<Object, Object> grouped = (KGroupedTable<Object, Object>) of().node();
      Reducer<Object> adder = (a, b) -> RandomFunctions.reduced(f, a, b);
      Reducer<Object> subtractor = (a, b) -> RandomFunctions.unreduced(f, a, b);
      Aggregator<Object, Object, Object> add = (k, v, all) -> RandomFunctions.aggregated(f, k, v, all);
      Aggregator<Object, Object, Object> subtract = (k, v, all) -> RandomFunctions.disaggregated(f, k, v, all);
      char out = kind.equals("tableCount") ? 'L' : 'S';
      Materialized as = kv(new Value(null, 'S', out, 0));
      add(switch (kind) {
        case "tableCount" -> stored() ? (named() ? grouped.count(name(), as) : grouped.count(as))
              : named() ? grouped.count(name()) : grouped.count();
        // There is no form with a name alone.
        case "tableReduce" -> named() ? grouped.reduce(adder, subtractor, name(), as)
            : stored() ? grouped.reduce(adder, subtractor, as) : grouped.reduce(adder, subtractor);
        default -> stored() ? (named() ? grouped.aggregate(() -> null, add, subtract, name(), as) : grouped.aggregate(() -> null, add, subtract, as))
              : named() ? grouped.aggregate(() -> null, add, subtract, name()) : grouped.aggregate(() -> null, add, subtract);
      }, 'S', out, 0);
    }

    private void streamTableJoin() {
      ValueJoinerWithKey<Object, Object, Object, Object> joiner = (k, a, b) -> RandomFunctions.joined(f, k, a, b);
      Joined how = Joined.with(of().keySerde(), of().valueSerde(), with().valueSerde());
      if (named()) how = how.withName(text("name"));
      if (op.has("grace")) how = how.withGracePeriod(ms(op, "grace"));
      KStream<Object, Object> out = op.get("op").asText().contains("Left")
          ? of().stream().leftJoin(with().table(), joiner, how) : of().stream().join(with().table(), joiner, how);
      like(out, 'S');
    }

    private void globalJoin() {
      GlobalKTable<Object, Object> table = (GlobalKTable<Object, Object>) with().node();
      KeyValueMapper<Object, Object, Object> on = (k, v) -> RandomFunctions.rekeyed(f, k, v);
      ValueJoinerWithKey<Object, Object, Object, Object> joiner = (k, a, b) -> RandomFunctions.joined(f, k, a, b);
      KStream<Object, Object> stream = of().stream();
      boolean left = op.get("op").asText().contains("Left");
      like(left ? (named() ? stream.leftJoin(table, on, joiner, name()) : stream.leftJoin(table, on, joiner))
          : named() ? stream.join(table, on, joiner, name()) : stream.join(table, on, joiner), 'S');
    }

    private void streamJoin(String kind) {
      ValueJoinerWithKey<Object, Object, Object, Object> joiner = (k, a, b) -> RandomFunctions.joined(f, k, a, b);
      JoinWindows windows = JoinWindows.ofTimeDifferenceAndGrace(Duration.ZERO, ms(op, "grace"));
      windows = op.get("after").asLong() < 0 ? windows.before(ms(op, "before")).after(ms(op, "after"))
          : windows.after(ms(op, "after")).before(ms(op, "before"));
      StreamJoined how = StreamJoined.with(of().keySerde(), of().valueSerde(), with().valueSerde());
      if (named()) how = how.withName(text("name"));
      if (stored()) how = how.withStoreName(text("store"));
      KStream<Object, Object> left = of().stream();
      KStream<Object, Object> right = with().stream();
      like(switch (kind) {
        case "streamJoin" -> left.join(right, joiner, windows, how);
        case "streamLeftJoin" -> left.leftJoin(right, joiner, windows, how);
        default -> left.outerJoin(right, joiner, windows, how);
      }, 'S');
    }

    private void tableJoin(String kind) {
      ValueJoiner<Object, Object, Object> joiner = (a, b) -> RandomFunctions.joined(f * 2, null, a, b);
      KTable<Object, Object> left = of().table();
      KTable<Object, Object> right = with().table();
      Materialized as = stored() ? kv(new Value(null, of().key(), 'S', of().sizeMs())) : null;
      like(switch (kind) {
        case "tableJoin" -> stored() ? (named() ? left.join(right, joiner, name(), as) : left.join(right, joiner, as))
            : named() ? left.join(right, joiner, name()) : left.join(right, joiner);
        case "tableLeftJoin" -> stored()
            ? (named() ? left.leftJoin(right, joiner, name(), as) : left.leftJoin(right, joiner, as))
            : named() ? left.leftJoin(right, joiner, name()) : left.leftJoin(right, joiner);
        default -> stored()
            ? (named() ? left.outerJoin(right, joiner, name(), as) : left.outerJoin(right, joiner, as))
            : named() ? left.outerJoin(right, joiner, name()) : left.outerJoin(right, joiner);
      }, 'S');
    }

    private void foreignJoin() {
      ValueJoiner<Object, Object, Object> joiner = (a, b) -> RandomFunctions.joined(f * 2, null, a, b);
      java.util.function.Function<Object, Object> on = value -> RandomFunctions.rekeyed(f, null, value);
      Materialized as = kv(new Value(null, 'S', 'S', 0));
      KTable<Object, Object> left = of().table();
      boolean leftJoin = op.get("op").asText().contains("Left");
      TableJoined how = named() ? TableJoined.as(text("name")) : TableJoined.with(null, null);
      like(leftJoin ? left.leftJoin(with().table(), on, joiner, how, as)
          : left.join(with().table(), on, joiner, how, as), 'S');
    }

    private void suppress() {
      JsonNode bound = op.path("maxRecords");
      Suppressed<?> how;
      if (op.has("limit")) {
        Suppressed.BufferConfig<?> buffer = bound.isMissingNode() ? Suppressed.BufferConfig.unbounded()
            : Suppressed.BufferConfig.maxRecords(bound.asLong()).emitEarlyWhenFull();
        how = Suppressed.untilTimeLimit(ms(op, "limit"), buffer);
      } else {
        how = Suppressed.untilWindowCloses(Suppressed.BufferConfig.unbounded());
      }
      if (named()) how = how.withName(text("name"));
      like(of().table().suppress((Suppressed) how), of().value());
    }

    private SessionWindows sessions(JsonNode windows) {
      return SessionWindows.ofInactivityGapAndGrace(ms(windows, "gap"), ms(windows, "grace"));
    }

    private SlidingWindows sliding(JsonNode windows) {
      return SlidingWindows.ofTimeDifferenceAndGrace(ms(windows, "size"), ms(windows, "grace"));
    }

    private TimeWindows times(JsonNode windows) {
      TimeWindows times = TimeWindows.ofSizeAndGrace(ms(windows, "size"), ms(windows, "grace"));
      return windows.has("advance") ? times.advanceBy(ms(windows, "advance")) : times;
    }

    private EmitStrategy emit() {
      return op.path("emit").asText().equals("close") ? EmitStrategy.onWindowClose() : EmitStrategy.onWindowUpdate();
    }

    private void add(Object node, char key, char value, long sizeMs) {
      values.add(new Value(node, key, value, sizeMs));
    }

    /** Adds what has the keys of the first input. */
    private void like(Object node, char value) {
      add(node, of().key(), value, of().sizeMs());
    }

    private Value of() {
      return values.get(op.get("of").asInt());
    }

    private Value with() {
      return values.get(op.get("with").asInt());
    }

    private boolean named() {
      return op.has("name");
    }

    private boolean stored() {
      return op.has("store");
    }

    private Named name() {
      return Named.as(text("name"));
    }

    private String text(String field) {
      return op.get(field).asText();
    }

    private List<String> texts(String field) {
      List<String> texts = new ArrayList<>();
      op.get(field).forEach(text -> texts.add(text.asText()));
      return texts;
    }

    private Duration ms(JsonNode from, String field) {
      return Duration.ofMillis(from.get(field).asLong());
    }

    private Consumed consumed() {
      Consumed how = Consumed.with(Serdes.String(), Serdes.String());
      return named() ? how.withName(text("name")) : how;
    }

    private Grouped grouped(Serde key) {
      return grouped(key, of().valueSerde());
    }

    private Grouped grouped(Serde key, Serde value) {
      Grouped how = Grouped.with(key, value);
      return named() ? how.withName(text("name")) : how;
    }

    private Value strings() {
      return new Value(null, 'S', 'S', 0);
    }

    /** A store of the operator's name for it, if it has one. */
    private Materialized kv(Value held) {
      Materialized as = !stored() ? Materialized.<Object, Object, KeyValueStore>with(null, null)
          : op.has("history")
              ? Materialized.as(Stores.persistentVersionedKeyValueStore(text("store"), ms(op, "history")))
              : Materialized.as(text("store"));
      if (op.has("retention")) as = as.withRetention(ms(op, "retention"));
      return as.withKeySerde(held.keySerde()).withValueSerde(held.valueSerde());
    }
  }
}
