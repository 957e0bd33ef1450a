package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.GlobalKTable;
import org.apache.kafka.streams.kstream.Joined;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.KTable;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.ValueJoinerWithKey;
import org.apache.kafka.streams.state.Stores;

/** Joins of streams with tables: plain, with history, with a grace, and global. */
final class StreamTableJoinCases {
  private static final ValueJoinerWithKey<String, String, String, String> JOINER =
      (key, a, b) -> key + ":" + a + "+" + b;

  static List<Case> all() {
    List<Case> cases = cases();
    // Versions that are older than the history go a segment at a time there, and one by one here.
    for (Case one : cases) one.outputsOnly();
    return cases;
  }

  private static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    cases.add(orders(new Case("table-join-orders", StreamTableJoinCases::matrix)));
    cases.add(shuffled(new Case("table-join-shuffled", StreamTableJoinCases::matrix), 80, 1));
    cases.add(shuffled(new Case("table-join-history", StreamTableJoinCases::history), 80, 2));
    cases.add(orders(new Case("table-join-grace-orders", StreamTableJoinCases::graces)));
    cases.add(shuffled(new Case("table-join-grace-shuffled", StreamTableJoinCases::graces), 120, 3));
    cases.add(headers(new Case("table-join-grace-headers", StreamTableJoinCases::graces)));
    cases.add(new Case("table-join-grace-named", StreamTableJoinCases::named));
    cases.add(shuffled(new Case("table-join-grace-rekeyed", builder ->
        builder.<String, String>stream("in").selectKey((key, value) -> value)
            .join(versions(builder), JOINER, grace(5)).to("out")), 40, 4));
    cases.add(new Case("table-join-grace-plain-table", builder ->
        builder.<String, String>stream("in").join(builder.<String, String>table("plain"), JOINER, grace(5))
            .to("out")).refused());
    cases.add(new Case("table-join-grace-plain-table-filtered", builder ->
        builder.<String, String>stream("in")
            .join(builder.<String, String>table("plain", GroupCases.store("rows", Serdes.String()))
                .filter((key, value) -> true), JOINER, grace(5)).to("out")).refused());
    cases.add(new Case("table-join-grace-versioned-stored-plain", builder ->
        builder.<String, String>stream("in")
            .join(versions(builder).filter((key, value) -> true, GroupCases.store("rows", Serdes.String())),
                JOINER, grace(5)).to("out")).refused());
    cases.add(new Case("table-join-grace-short-history", builder ->
        builder.<String, String>stream("in").join(versions(builder), JOINER, grace(101)).to("out")).refused());
    return cases;
  }

  private static Joined<String, String, String> grace(long ms) {
    return Joined.<String, String, String>with(null, null, null).withGracePeriod(Duration.ofMillis(ms));
  }

  private static KTable<String, String> versions(StreamsBuilder builder) {
    return builder.table("versions",
        Materialized.as(Stores.persistentVersionedKeyValueStore("versions", Duration.ofMillis(100))));
  }

  private static void matrix(StreamsBuilder builder) {
    KStream<String, String> in = builder.stream("in");
    KTable<String, String> table = builder.table("plain");
    in.join(table, JOINER).to("out-plain");
    in.leftJoin(table, JOINER).to("out-plain-left");
    KTable<String, String> versions = versions(builder);
    in.join(versions, JOINER).to("out-versions");
    in.leftJoin(versions, JOINER).to("out-versions-left");
    GlobalKTable<String, String> global = builder.globalTable("global");
    in.join(global, (key, value) -> key, JOINER).to("out-global");
    in.leftJoin(global, (key, value) -> key, JOINER).to("out-global-left");
    in.join(global, StreamTableJoinCases::byValue, JOINER).to("out-global-by-value");
    in.leftJoin(global, StreamTableJoinCases::byValue, JOINER, Named.as("by-value")).to("out-global-by-value-left");
  }

  /** The last character stands for a key; a value without one has none. */
  private static String byValue(String key, String value) {
    if (value == null) return null;
    return value.endsWith("-") ? null : "k" + value.substring(value.length() - 1);
  }

  private static void history(StreamsBuilder builder) {
    KStream<String, String> in = builder.stream("in");
    KTable<String, String> versions = versions(builder);
    in.join(versions.filter((key, value) -> !value.endsWith("0")), JOINER).to("out-filtered");
    in.leftJoin(versions.mapValues(value -> value + "!"), JOINER).to("out-mapped");
    in.leftJoin(versions.mapValues(value -> value + "!", GroupCases.store("mapped", Serdes.String())), JOINER)
        .to("out-mapped-stored");
    in.leftJoin(versions.mapValues(value -> value + "?",
        Materialized.as(Stores.persistentVersionedKeyValueStore("again", Duration.ofMillis(30)))), JOINER)
        .to("out-mapped-versioned");
  }

  private static void graces(StreamsBuilder builder) {
    KStream<String, String> in = builder.stream("in");
    KTable<String, String> versions = versions(builder);
    // A left join with a grace throws for records without a key.
    KStream<String, String> keyed = in.filter((key, value) -> key != null);
    for (long ms : new long[] {0, 5, 25, 100}) {
      in.join(versions, JOINER, grace(ms)).to("out-" + ms);
      keyed.leftJoin(versions, JOINER, grace(ms)).to("out-left-" + ms);
    }
    in.join(versions.filter((key, value) -> !value.endsWith("0")), JOINER, grace(10)).to("out-filtered");
  }

  private static void named(StreamsBuilder builder) {
    KStream<String, String> in = builder.stream("in");
    KTable<String, String> versions = versions(builder);
    in.join(versions, JOINER, grace(5).withName("waiting")).to("out");
    in.selectKey((key, value) -> value).leftJoin(versions, JOINER, grace(5).withName("rekeyed")).to("out");
    in.leftJoin(versions, JOINER, grace(5)).to("out");
  }

  /** Changes a row of each table that the case has. */
  private static void change(Case one, Object key, Object value, long t) {
    one.in("versions", key, value, t);
    boolean hasOthers = one.name.equals("table-join-orders") || one.name.equals("table-join-shuffled");
    if (hasOthers) one.in("plain", key, value, t).in("global", key, value, t);
  }

  /** All orders in which two updates of a row and two records can come, at times in order and out of it. */
  private static Case orders(Case one) {
    long t = 0;
    int n = 0;
    for (String first : new String[] {"t", null}) {
      for (String second : new String[] {"u", null}) {
        for (long apart : new long[] {4, -4}) {
          for (int place = 0; place < 3; place++) {
            t += 40;
            String key = "k" + n++ % 2;
            if (place == 0) one.in("in", key, "a" + n + "k", t + 1);
            change(one, key, first == null ? null : first + n, t + 2);
            if (place == 1) one.in("in", key, "b" + n + "-", t + 3);
            change(one, key, second == null ? null : second + n, t + 2 + apart);
            if (place == 2) one.in("in", key, "c" + n + "0", t + 5).in("in", key, "d" + n + "1", t + 1);
          }
        }
      }
    }
    return one.in("in", null, "e0", t).in("in", "k0", null, t).in("in", null, null, t).in("in", "k1", "end", t + 300);
  }

  private static Case shuffled(Case one, int count, long seed) {
    Random random = new Random(seed);
    long t = 0;
    for (int i = 0; i < count; i++) {
      t += random.nextInt(8);
      String key = random.nextInt(20) == 0 ? null : "k" + random.nextInt(2);
      String value = random.nextInt(12) == 0 ? null : "v" + i + (random.nextInt(9) == 0 ? "-" : "");
      long at = random.nextInt(3) == 0 ? Math.max(0, t - random.nextInt(60)) : t;
      if (random.nextBoolean()) one.in("in", key, value, at);
      else change(one, key, value, at);
    }
    return one.in("in", "k0", "end", t + 400);
  }

  private static Case headers(Case one) {
    return one.in("versions", "k0", "t0", 3).header("from", "table").in("in", "k0", "a", 5).header("from", "a")
        .in("in", "k0", "b", 4).header("from", "b").header("none", null).in("in", "k1", "c", 90)
        .in("in", "k0", "d", 1).header("from", "late").in("in", "k1", "e", 300).header("from", "e");
  }
}
