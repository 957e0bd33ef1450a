package oracle;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;

/** What random topologies have found to be different. */
final class FoundCases {
  static List<Case> all() {
    List<Case> cases = new ArrayList<>();
    // The look at 150 stops at the second of the records of one key at 144, so that the one at 151 finds them.
    cases.add(new Case("found-outer-join-stops-at-the-second-record-of-a-key", builder -> {
      KStream<String, String> other = builder.stream("in-2");
      builder.<String, String>stream("in").outerJoin(other, (a, b) -> a + "+" + b,
          JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMillis(1), Duration.ofMillis(5))).to("out");
    })
        .in("in", "a", "1", 142).in("in-2", "b", "2", 142).in("in", "a", "3", 144).in("in", "a", "3b", 144)
        .in("in-2", "b", "4", 144)
        .in("in", "a", "5", 146).in("in-2", "b", "6", 146).in("in", "c", "7", 150).in("in-2", "c", "8", 151)
        .in("in", "d", "9", 170));
    return cases;
  }
}
