package oracle;

import static oracle.GroupCases.windowed;
import static oracle.GroupCases.windows;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.SlidingWindows;

/** Aggregations by sliding windows. */
final class SlidingCases {
  static SlidingWindows sliding(long differenceMs, long graceMs) {
    return SlidingWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(differenceMs), Duration.ofMillis(graceMs));
  }

  /** Gathers values by sliding windows, in the order in which they came. */
  static Case gather(String name, long differenceMs, long graceMs) {
    return new Case(name, builder -> builder.<String, String>stream("in").groupByKey()
        .windowedBy(sliding(differenceMs, graceMs))
        .aggregate(() -> "", (key, value, all) -> all + value, windows("all", Serdes.String())).toStream()
        .to("out", windowed(Serdes.String(), differenceMs)));
  }

  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    cases.add(gather("sliding-in-order", 10, 50)
        .in("in", "k", "a", 10).in("in", "k", "b", 15).in("in", "k", "c", 20).in("in", "l", "d", 20)
        .in("in", "k", "e", 22).in("in", "k", "f", 31).in("in", "k", "g", 60).in("in", null, "h", 61)
        .in("in", "k", null, 62).in("in", "k", "i", 62));
    cases.add(gather("sliding-out-of-order", 10, 50)
        .in("in", "k", "a", 30).in("in", "k", "b", 20).in("in", "k", "c", 25).in("in", "k", "d", 41)
        .in("in", "k", "e", 31).in("in", "k", "f", 30).in("in", "k", "g", 19).in("in", "k", "h", 40)
        .in("in", "k", "i", 52).in("in", "k", "j", 36).in("in", "k", "m", 21));
    cases.add(gather("sliding-same-time", 5, 5)
        .in("in", "k", "a", 10).in("in", "k", "b", 10).in("in", "k", "c", 15).in("in", "k", "d", 15)
        .in("in", "k", "e", 10).in("in", "k", "f", 12).in("in", "k", "g", 12));
    cases.add(gather("sliding-early", 10, 50)
        .in("in", "k", "a", 0).in("in", "k", "b", 5).in("in", "k", "c", 3).in("in", "k", "d", 6)
        .in("in", "k", "e", 9).in("in", "k", "f", 10).in("in", "k", "g", 2).in("in", "k", "h", 13)
        .in("in", "k", "i", 0).in("in", "l", "j", 7).in("in", "l", "m", 4).in("in", "k", "n", 20));
    cases.add(gather("sliding-early-repeated", 5, 5)
        .in("in", "k", "a", 0).in("in", "k", "b", 2).in("in", "k", "c", 4).in("in", "k", "d", 4)
        .in("in", "k", "e", 0).in("in", "k", "f", 1).in("in", "k", "g", 2));
    cases.add(gather("sliding-early-no-grace", 10, 0)
        .in("in", "k", "a", 0).in("in", "k", "b", 5).in("in", "k", "c", 6).in("in", "k", "d", 3)
        .in("in", "k", "e", 13).in("in", "k", "f", 10).in("in", "k", "g", 2).in("in", "k", "h", 15));
    cases.add(gather("sliding-late", 10, 4)
        .in("in", "k", "a", 20).in("in", "k", "b", 30).in("in", "k", "c", 16).in("in", "k", "d", 15)
        .in("in", "l", "e", 40).in("in", "k", "f", 26).in("in", "k", "g", 25).in("in", "k", "h", 31)
        .in("in", "k", "i", 29).in("in", "k", "j", 44).in("in", "k", "m", 30));
    cases.add(gather("sliding-no-grace", 10, 0)
        .in("in", "k", "a", 20).in("in", "k", "b", 25).in("in", "k", "c", 18).in("in", "k", "d", 36)
        .in("in", "k", "e", 26).in("in", "k", "f", 25).in("in", "k", "g", 30).in("in", "k", "h", 47));
    cases.add(random(gather("sliding-random", 10, 30), 7, 120));
    cases.add(random(gather("sliding-random-late", 10, 3), 11, 120));
    cases.add(random(gather("sliding-random-close", 2, 4), 13, 60));
    cases.add(new Case("sliding-reduce", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(sliding(10, 5))
            .reduce((a, b) -> a.equals("x") ? null : a + b, Named.as("reduced"), windows("joined", Serdes.String()))
            .toStream().to("out", windowed(Serdes.String(), 10)))
        .in("in", "k", "a", 20).in("in", "k", "x", 40).in("in", "k", "b", 45).in("in", "k", "c", 47)
        .in("in", "k", "d", 44).in("in", "k", "e", 41).in("in", "k", "f", 60));
    cases.add(random(new Case("sliding-count", builder ->
        builder.<String, String>stream("in").groupByKey().windowedBy(sliding(10, 20))
            .count(windows("counts", Serdes.Long())).toStream().to("out", windowed(Serdes.Long(), 10))), 3, 60));
    cases.add(new Case("sliding-unnamed", builder -> {
      KGroupedStream<String, String> grouped =
          builder.<String, String>stream("in").groupBy((key, value) -> value, Grouped.as("by-value"));
      grouped.windowedBy(sliding(10, 0)).count();
      grouped.windowedBy(sliding(10, 0)).reduce((a, b) -> a + b);
      grouped.windowedBy(sliding(10, 0)).aggregate(() -> "", (key, value, all) -> all, Named.as("named"));
    }));
    return cases;
  }

  /** Records of three keys whose times go up and down. */
  static Case random(Case one, long seed, int records) {
    Random random = new Random(seed);
    for (int i = 0; i < records; i++) {
      String key = String.valueOf((char) ('k' + random.nextInt(3)));
      one.in("in", key, Integer.toString(i, 36) + ".", Math.max(0, i + random.nextInt(25) - 12));
    }
    return one;
  }
}
