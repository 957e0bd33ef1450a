package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.state.Stores;
import org.apache.kafka.streams.state.WindowBytesStoreSupplier;

/** Joins of two streams. */
final class StreamJoinCases {
  enum Kind { INNER, LEFT, OUTER }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      String name = "stream-join-" + kind.name().toLowerCase(java.util.Locale.ROOT);
      cases.add(orders(new Case(name, builder -> to("out", join(kind, left(builder), right(builder), within(10, 5))))));
      cases.add(orders(new Case(name + "-rekeyed", builder -> rekeyed(builder, kind))));
      cases.add(new Case(name + "-named", builder -> named(builder, kind)));
      cases.add(shuffled(new Case(name + "-windows", builder -> windows(builder, kind)), 70, 7, 1));
      cases.add(shuffled(new Case(name + "-far-apart", builder -> windows(builder, kind)), 50, 23, 2));
      cases.add(scenarios(new Case(name + "-scenarios", builder -> scenarioWindows(builder, kind))));
      cases.add(headers(new Case(name + "-headers", builder ->
          to("out", join(kind, left(builder), right(builder), within(10, 2))))));
    }
    cases.add(throttled(new Case("stream-join-left-throttled", builder ->
        to("out", join(Kind.LEFT, left(builder), right(builder), within(10, 0))))));
    cases.add(throttled(new Case("stream-join-outer-throttled", builder ->
        to("out", join(Kind.OUTER, left(builder), right(builder), within(10, 0))))));
    cases.add(throttled(new Case("stream-join-outer-throttled-at-once", builder ->
        to("out", join(Kind.OUTER, left(builder), right(builder), between(0, 0, 0))))));
    cases.add(orders(new Case("stream-join-three", StreamJoinCases::three)));
    cases.add(shuffled(new Case("stream-join-self", StreamJoinCases::self), "left", 60, 6, 3));
    cases.add(new Case("stream-join-repartitioned-once", StreamJoinCases::repartitionedOnce));
    cases.add(shuffled(new Case("stream-join-stores", StreamJoinCases::stores), 30, 6, 4));
    cases.add(new Case("stream-join-same-store-twice", builder ->
        left(builder).join(right(builder), (a, b) -> a + b, within(10, 0),
            StreamJoined.<String, String, String>with(supplier("same", 20), supplier("same", 20)))).refused());
    cases.add(new Case("stream-join-short-retention", builder ->
        left(builder).join(right(builder), (a, b) -> a + b, within(10, 5),
            StreamJoined.<String, String, String>with(supplier("a", 20), supplier("b", 20)))).refused());
    cases.add(new Case("stream-join-no-window", builder ->
        to("out", join(Kind.INNER, left(builder), right(builder), between(3, -4, 0)))).refused());
    return cases;
  }

  static KStream<String, String> left(StreamsBuilder builder) {
    return builder.stream("left");
  }

  static KStream<String, String> right(StreamsBuilder builder) {
    return builder.stream("right");
  }

  static JoinWindows within(long differenceMs, long graceMs) {
    return JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(differenceMs), Duration.ofMillis(graceMs));
  }

  static JoinWindows between(long beforeMs, long afterMs, long graceMs) {
    long widest = Math.max(Math.abs(beforeMs), Math.abs(afterMs));
    return within(widest, graceMs).before(Duration.ofMillis(beforeMs)).after(Duration.ofMillis(afterMs));
  }

  static KStream<String, String> join(
      Kind kind, KStream<String, String> left, KStream<String, String> right, JoinWindows windows) {
    return join(kind, left, right, windows, StreamJoined.with(null, null, null));
  }

  static KStream<String, String> join(Kind kind, KStream<String, String> left, KStream<String, String> right,
      JoinWindows windows, StreamJoined<String, String, String> joined) {
    return switch (kind) {
      case INNER -> left.join(right, (key, a, b) -> key + ":" + a + "+" + b, windows, joined);
      case LEFT -> left.leftJoin(right, (key, a, b) -> key + ":" + a + "+" + b, windows, joined);
      case OUTER -> left.outerJoin(right, (key, a, b) -> key + ":" + a + "+" + b, windows, joined);
    };
  }

  static void to(String topic, KStream<String, String> stream) {
    stream.to(topic);
  }

  /** All orders in which two values, tombstones and missing keys of either side can come, then time passing by. */
  private static Case orders(Case one) {
    long t = 0;
    String[][] pairs = {{"left", "right"}, {"right", "left"}, {"left", "left"}, {"right", "right"}};
    int n = 0;
    for (String[] pair : pairs) {
      for (String first : new String[] {"a", null}) {
        for (String second : new String[] {"b", null}) {
          for (long apart : new long[] {0, 10, 11, -10, -11}) {
            t += 50;
            String key = "k" + n++ % 3;
            one.in(pair[0], key, first == null ? null : first + n, t)
                .in(pair[1], key, second == null ? null : second + n, t + apart);
          }
        }
      }
    }
    return one.in("left", null, "n", t).in("right", null, "n", t + 1).in("left", null, null, t).in("right", null, null, t)
        .in("left", "k0", "x", t + 40).in("right", "k0", "y", t + 80).in("left", "k1", "z", t + 200);
  }

  /** Records of a few keys whose times come out of order by up to about three steps, with the last ones far on. */
  private static Case shuffled(Case one, int count, int stepMs, long seed) {
    return shuffled(one, "right", count, stepMs, seed);
  }

  private static Case shuffled(Case one, String right, int count, int stepMs, long seed) {
    Random random = new Random(seed);
    long t = 20;
    for (int i = 0; i < count; i++) {
      t += random.nextInt(stepMs);
      String key = random.nextInt(15) == 0 ? null : "k" + random.nextInt(2);
      String value = random.nextInt(15) == 0 ? null : "v" + i;
      long at = random.nextInt(3) == 0 ? Math.max(0, t - random.nextInt(4 * stepMs)) : t;
      one.in(random.nextBoolean() ? "left" : right, key, value, at);
    }
    return one.in("left", "k0", "y", t + 100).in(right, "k1", "z", t + 200).in("left", "k0", "end", t + 400);
  }

  private static final long[][] WINDOWS =
      {{10, 10, 0}, {10, 10, 5}, {0, 12, 0}, {12, 0, 3}, {-3, 12, 0}, {12, -3, 2}, {0, 0, 1}, {0, 0, 4}, {5, 20, 40}};

  private static void windows(StreamsBuilder builder, Kind kind) {
    KStream<String, String> left = left(builder);
    KStream<String, String> right = right(builder);
    for (int i = 0; i < WINDOWS.length; i++) {
      to("out-" + i, join(kind, left, right, between(WINDOWS[i][0], WINDOWS[i][1], WINDOWS[i][2])));
    }
  }

  private static void scenarioWindows(StreamsBuilder builder, Kind kind) {
    KStream<String, String> left = left(builder);
    KStream<String, String> right = right(builder);
    to("out-0", join(kind, left, right, within(100, 10)));
    to("out-1", join(kind, left, right, between(100, 0, 0)));
    to("out-2", join(kind, left, right, between(5, 20, 0)));
  }

  /**
   * Duplicates that wait together, waiting records that the left or the right side lets go, one whose window is over as
   * it comes, and sides whose windows end at different times.
   */
  private static Case scenarios(Case one) {
    one.in("left", "k0", "A0", 0).in("left", "k0", "A0b", 0).in("left", "k1", "A1", 0).in("right", "k1", "a1", 0)
        .in("right", "k2", "a2", 0).in("right", "k2", "a2b", 0).in("right", "k3", "a3", 111).in("left", "k9", "d", 315);
    one.in("left", "k0", "B0", 400).in("left", "k1", "B1", 401).in("left", "k2", "B2", 402).in("left", "k3", "B3", 403);
    for (int i = 0; i < 4; i++) one.in("right", "k" + i, "b" + i, 399);
    for (int i = 0; i < 4; i++) one.in("right", "k" + i, "c" + i, 400);
    for (int i = 0; i < 4; i++) one.in("right", "k" + i, "d" + i, 401);
    one.in("left", "k0", "C0", 629).in("left", "k1", "C1", 630).in("right", "k2", "e2", 631)
        .in("right", "k3", "e3", 636).in("right", "k4", "e4", 637).in("right", "k5", "e5", 650).in("left", "k6", "C6", 655);
    one.in("left", "k7", "D7", 1200).in("right", "k8", "f8", 1001).in("left", "k8", "D8", 1000).in("right", "k7", "f7", 1099)
        .in("right", "k7", "f7b", 1100).in("left", "k8", "D8b", 990).in("right", "k8", "f8b", 1400).in("left", "k8", "E", 1800);
    return one;
  }

  private static Case headers(Case one) {
    return one.in("left", "k0", "a", 0).header("h", "1").in("right", "k1", "b", 0).header("h", "2")
        .in("right", "k0", "c", 3).header("h", "3").header("i", null).in("left", "k2", "d", 5)
        .in("right", "k3", "e", 40).header("h", "4").in("left", "k3", "f", 80);
  }

  private static Case throttled(Case one) {
    one.config(StreamsConfig.InternalConfig.EMIT_INTERVAL_MS_KSTREAMS_OUTER_JOIN_SPURIOUS_RESULTS_FIX, 1000L);
    one.in("left", "k0", "a", 0).in("right", "k1", "b", 5).in("left", "k2", "c", 30).in("right", "k2", "d", 60)
        .advance(999).in("left", "k3", "e", 90).advance(1).in("left", "k3", "f", 90).in("right", "k3", "g", 91)
        .in("left", "k4", "h", 150).advance(400).in("right", "k4", "i", 200).advance(700).in("right", "k5", "j", 250)
        .in("left", "k5", "k", 300).advance(5000).in("right", "k6", "l", 290).in("left", "k6", "m", 350);
    return one;
  }

  private static void rekeyed(StreamsBuilder builder, Kind kind) {
    KStream<String, String> left =
        left(builder).selectKey((key, value) -> value == null || value.startsWith("a1") ? null : key);
    KStream<String, String> right = right(builder).selectKey((key, value) -> key == null ? "k1" : key);
    to("out", join(kind, left, right, within(10, 0)));
  }

  private static void named(StreamsBuilder builder, Kind kind) {
    KStream<String, String> left = left(builder);
    KStream<String, String> right = right(builder);
    StreamJoined<String, String, String> joined = StreamJoined.with(null, null, null);
    to("out", join(kind, left, right, within(10, 0), joined.withName("nodes")));
    to("out", join(kind, left, right, within(10, 0), joined.withStoreName("kept")));
    to("out", join(kind, left, right, within(10, 0), joined.withName("both").withStoreName("both-kept")));
    to("out", join(kind, left.selectKey((key, value) -> value), right.selectKey((key, value) -> value),
        within(10, 0), joined.withName("rekeyed")));
    to("out", join(kind, left.selectKey((key, value) -> value), right, within(10, 0), joined.withLoggingDisabled()));
    to("out", join(kind, left, right.selectKey((key, value) -> value), within(10, 0),
        joined.withLoggingEnabled(Map.of("segment.ms", "9"))));
  }

  private static void three(StreamsBuilder builder) {
    KStream<String, String> right = right(builder);
    KStream<String, String> pairs = join(Kind.LEFT, left(builder), right, within(10, 5));
    to("out", join(Kind.OUTER, pairs, right, within(20, 0)));
    to("out-2", join(Kind.INNER, right, pairs.mapValues(value -> value + "!"), within(11, 0)));
  }

  private static void self(StreamsBuilder builder) {
    KStream<String, String> left = left(builder);
    for (int i = 0; i < WINDOWS.length; i++) {
      to("out-" + i, join(Kind.INNER, left, left, between(WINDOWS[i][0], WINDOWS[i][1], WINDOWS[i][2])));
    }
    to("out-left", join(Kind.LEFT, left, left, between(-2, 9, 1)));
    to("out-outer", join(Kind.OUTER, left, left, between(-2, 9, 1)));
  }

  private static void repartitionedOnce(StreamsBuilder builder) {
    KStream<String, String> left = left(builder).map((key, value) -> new org.apache.kafka.streams.KeyValue<>(value, key));
    to("out", join(Kind.INNER, left, right(builder), within(10, 0)));
    to("out-2", join(Kind.OUTER, left, builder.stream("third"), within(10, 0)));
    to("out-3", join(Kind.LEFT, left, left, within(10, 0)));
  }

  private static WindowBytesStoreSupplier supplier(String name, long retentionMs) {
    return Stores.inMemoryWindowStore(name, Duration.ofMillis(retentionMs), Duration.ofMillis(20), true);
  }

  private static void stores(StreamsBuilder builder) {
    KStream<String, String> left = left(builder);
    KStream<String, String> right = right(builder);
    StreamJoined<String, String, String> joined =
        StreamJoined.with(Serdes.String(), Serdes.String(), Serdes.String());
    to("out-0", join(Kind.OUTER, left, right, within(10, 3), joined.withThisStoreSupplier(supplier("lefts", 23))
        .withOtherStoreSupplier(supplier("rights", 23))));
    to("out-1", join(Kind.LEFT, left, right, within(10, 0), joined.withStoreName("base")
        .withOtherStoreSupplier(supplier("others", 20))));
    to("out-2", join(Kind.INNER, left, right, within(10, 0), joined.withThisStoreSupplier(supplier("mine", 20))));
  }
}
