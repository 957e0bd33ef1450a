package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KeyValue;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Suppressed;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.ValueJoiner;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.state.KeyValueStore;

/** Joins of tables by their keys. */
final class TableTableJoinCases {
  static final ValueJoiner<String, String, String> both = (a, b) -> a + "-" + b;
  private static final List<String> types = List.of("inner", "left", "outer");

  static KTable<String, String> join(String type, KTable<String, String> a, KTable<String, String> b) {
    return switch (type) {
      case "inner" -> a.join(b, both);
      case "left" -> a.leftJoin(b, both);
      default -> a.outerJoin(b, both);
    };
  }

  static KTable<String, String> join(String type, KTable<String, String> a, KTable<String, String> b,
      Materialized<String, String, KeyValueStore<Bytes, byte[]>> held) {
    return switch (type) {
      case "inner" -> a.join(b, both, held);
      case "left" -> a.leftJoin(b, both, held);
      default -> a.outerJoin(b, both, held);
    };
  }

  private static KTable<String, String> named(String type, KTable<String, String> a, KTable<String, String> b,
      Materialized<String, String, KeyValueStore<Bytes, byte[]>> held) {
    Named name = Named.as("joined");
    return switch (type) {
      case "inner" -> held == null ? a.join(b, both, name) : a.join(b, both, name, held);
      case "left" -> held == null ? a.leftJoin(b, both, name) : a.leftJoin(b, both, name, held);
      default -> held == null ? a.outerJoin(b, both, name) : a.outerJoin(b, both, name, held);
    };
  }

  /** Sums up rows, so that what is taken out of them shows. */
  private static void sum(KTable<String, String> table, String name) {
    table.groupBy((key, value) -> KeyValue.pair("all", value), Grouped.as(name))
        .aggregate(() -> "0", (key, value, all) -> all + "+" + value, (key, value, all) -> all + "-(" + value + ")",
            GroupCases.store(name + "-sums", Serdes.String()))
        .toStream().to("out");
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (String type : types) {
      cases.add(matrix(new Case("tables-" + type, builder ->
          join(type, builder.table("in"), builder.table("in-2")).toStream().to("out"))));
      cases.add(matrix(new Case("tables-" + type + "-stored", builder ->
          join(type, builder.table("in"), builder.table("in-2"), GroupCases.store("joined", Serdes.String()))
              .toStream().to("out"))));
      cases.add(new Case("tables-" + type + "-named", builder -> {
        named(type, builder.table("in"), builder.table("in-2"), null).toStream().to("out");
      }));
      cases.add(matrix(new Case("tables-" + type + "-named-stored", builder ->
          named(type, builder.table("in", GroupCases.store("left", Serdes.String())),
              builder.table("in-2", GroupCases.store("right", Serdes.String())),
              GroupCases.store("held", Serdes.String())).toStream().to("out"))));
      cases.add(matrix(new Case("tables-" + type + "-old-values", builder ->
          sum(join(type, builder.table("in"), builder.table("in-2")), "summed"))));
      cases.add(matrix(new Case("tables-" + type + "-stored-old-values", builder ->
          sum(join(type, builder.table("in"), builder.table("in-2"),
              GroupCases.store("joined", Serdes.String())), "summed"))));
      cases.add(matrix(new Case("tables-" + type + "-derived", builder -> derived(builder, type))));
      cases.add(matrix(new Case("tables-" + type + "-filtered", builder -> {
        KTable<String, String> joined = join(type, builder.table("in"), builder.table("in-2"));
        joined.filter((key, value) -> !value.contains("B")).toStream().to("out");
        joined.mapValues(value -> value + "!", GroupCases.store("loud", Serdes.String())).toStream().to("out-2");
      })));
      cases.add(TableCases.rows(new Case("tables-" + type + "-self", builder -> {
        KTable<String, String> table = builder.table("in");
        join(type, table, table).toStream().to("out");
      })));
      cases.add(matrix(new Case("tables-" + type + "-aggregated", builder -> aggregated(builder, type))));
      cases.add(matrix(new Case("tables-" + type + "-suppressed", builder -> suppressed(builder, type))));
      for (String then : types) {
        cases.add(matrix(new Case("tables-" + type + "-" + then, builder -> {
          KTable<String, String> right = builder.table("in-2");
          join(then, join(type, builder.table("in"), right), right).toStream().to("out");
        })));
        cases.add(thirds(new Case("tables-" + type + "-in-" + then, builder ->
            join(then, builder.table("in-3"), join(type, builder.table("in"), builder.table("in-2")))
                .toStream().to("out"))));
      }
    }
    cases.add(matrix(new Case("tables-joined-to-null", builder -> {
      ValueJoiner<String, String, String> picky =
          (a, b) -> "B".equals(a) || "c".equals(b) ? null : a + "-" + b;
      KTable<String, String> left = builder.table("in");
      KTable<String, String> right = builder.table("in-2");
      left.outerJoin(right, picky, GroupCases.store("joined", Serdes.String())).toStream().to("out");
      sum(left.leftJoin(right, picky), "summed");
    })));
    cases.add(matrix(new Case("tables-of-streams", builder ->
        builder.<String, String>stream("in").toTable()
            .join(builder.<String, String>stream("in-2").selectKey((key, value) -> key).toTable(Named.as("second")), both)
            .toStream().to("out"))));
    cases.add(matrix(new Case("tables-windowed", TableTableJoinCases::windowed)));
    cases.add(matrix(new Case("tables-rekeyed", builder -> {
      KTable<String, String> joined = builder.<String, String>table("in").join(builder.table("in-2"), both);
      joined.toStream((key, value) -> key + value).to("out");
      joined.toStream((key, value) -> "n", Named.as("again")).groupByKey().count(
          GroupCases.store("counts", Serdes.Long())).toStream().to("out-2", GroupCases.longs);
    })));
    cases.add(matrix(new Case("tables-cached", builder -> {
      KTable<String, String> left = builder.table("in", GroupCases.store("left", Serdes.String()));
      left.leftJoin(builder.table("in-2"), both, GroupCases.store("joined", Serdes.String())).toStream().to("out");
    })));
    cases.add(matrix(new Case("tables-optimized", builder ->
        builder.<String, String>table("in").join(builder.table("in-2"), both).toStream().to("out")))
        .config("topology.optimization", "all"));
    return cases;
  }

  private static void derived(StreamsBuilder builder, String type) {
    KTable<String, String> left = builder.<String, String>table("in").filter((key, value) -> !value.equals("B"));
    KTable<String, String> right = builder.<String, String>table("in-2").mapValues(value -> value + value);
    join(type, left, right).toStream().to("out");
    join(type, left.mapValues(value -> value + "'", GroupCases.store("primed", Serdes.String())), right)
        .toStream().to("out-2");
  }

  private static void aggregated(StreamsBuilder builder, String type) {
    KTable<String, String> left = builder.<String, String>stream("in").groupByKey()
        .reduce((a, b) -> a + b, GroupCases.store("left", Serdes.String()));
    KTable<String, String> right = builder.<String, String>table("in-2")
        .groupBy((key, value) -> KeyValue.pair(key, value))
        .reduce((a, b) -> a + b, (a, b) -> a + "/" + b, GroupCases.store("right", Serdes.String()));
    join(type, left, right).toStream().to("out");
  }

  private static void suppressed(StreamsBuilder builder, String type) {
    KTable<String, String> left = builder.<String, String>table("in").suppress(
        Suppressed.untilTimeLimit(Duration.ofMillis(4), Suppressed.BufferConfig.unbounded()));
    join(type, left, builder.table("in-2")).toStream().to("out");
  }

  private static void windowed(StreamsBuilder builder) {
    TimeWindows windows = TimeWindows.ofSizeAndGrace(Duration.ofMillis(5), Duration.ofMillis(100));
    KTable<Windowed<String>, String> left = builder.<String, String>stream("in").groupByKey()
        .windowedBy(windows).reduce((a, b) -> a + b, GroupCases.windows("left", Serdes.String()));
    KTable<Windowed<String>, String> right = builder.<String, String>stream("in-2").groupByKey()
        .windowedBy(windows).reduce((a, b) -> a + b, GroupCases.windows("right", Serdes.String()));
    left.outerJoin(right, both).toStream().to("out", GroupCases.windowed(Serdes.String(), 5));
  }

  /** Each order of updates and deletions of both sides, in time and out of it, with and without the other side. */
  static Case matrix(Case one) {
    one.in("in", "k", null, 1).in("in-2", "k", null, 2).in("in", "k", "A", 3).in("in-2", "k", "a", 4)
        .in("in", "k", "B", 5).in("in-2", "k", "b", 6).in("in", "k", null, 7).in("in-2", "k", null, 8)
        .in("in", "k", "C", 9).in("in-2", "k", "c", 10).in("in-2", "k", null, 11).in("in", "k", null, 12)
        .in("in-2", "k", null, 13)
        // Out of order, with nothing as the latest.
        .in("in-2", "k", "d", 7).in("in", "k", "D", 6).in("in", "k", null, 2).in("in-2", "k", null, 3)
        .in("in-2", "k", "e", 14).in("in", "k", "E", 15)
        // Out of order, with something as the latest.
        .in("in", "k", null, 10).in("in-2", "k", null, 9).in("in", "k", "F", 4).in("in-2", "k", "f", 3);
    return more(one);
  }

  private static Case more(Case one) {
    return one.in("in", null, "X", 16).in("in-2", null, "x", 17).in("in", "l", "G", 18).header("from", "left")
        .in("in-2", "m", "g", 18).in("in-2", "l", "h", 16).header("from", "right").in("in", "m", "H", 17)
        .in("in", "l", "G", 20).in("in-2", "l", "h", 19).in("in", "m", null, 21).in("in-2", "m", null, 21)
        .in("in", "n", null, 22).in("in-2", "n", null, 23).in("in", "k", "I", 24).in("in-2", "k", "i", 30);
  }

  private static Case thirds(Case one) {
    return one.in("in-3", "k", "1", 2).in("in", "k", "A", 3).in("in-2", "k", "a", 1).in("in-3", "k", "2", 6)
        .in("in-2", "k", null, 5).in("in-3", "k", null, 7).in("in-2", "k", "b", 8).in("in-3", "k", "3", 4)
        .in("in", "k", null, 9).in("in-3", "k", "4", 10).in("in-2", "k", null, 3).in("in-3", "k", "5", 2)
        .in("in", "l", "B", 12).in("in-3", "l", "6", 11).in("in-2", "l", "c", 15).in("in-3", "l", "7", 13)
        .in("in-3", null, "8", 14).in("in-3", "m", null, 16);
  }
}
