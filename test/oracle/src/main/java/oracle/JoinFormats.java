package oracle;

import static oracle.Rows.hex;
import static oracle.Rows.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.state.internals.LeftOrRightValue;
import org.apache.kafka.streams.state.internals.LeftOrRightValueSerde;
import org.apache.kafka.streams.state.internals.PrefixedWindowKeySchemas.TimeFirstWindowKeySchema;
import org.apache.kafka.streams.state.internals.TimestampedKeyAndJoinSide;
import org.apache.kafka.streams.state.internals.TimestampedKeyAndJoinSideSerde;

/** How joins write the records that they hold back. */
final class JoinFormats {
  static Map<String, Object> all() {
    List<Object> keys = new ArrayList<>();
    for (long timestampMs : new long[] {0, 1_700_000_000_123L}) {
      for (boolean left : new boolean[] {true, false}) {
        TimestampedKeyAndJoinSide<String> key =
            left ? TimestampedKeyAndJoinSide.makeLeft("k", timestampMs) : TimestampedKeyAndJoinSide.makeRight("", timestampMs);
        keys.add(row("timestampMs", timestampMs, "left", left, "key", key.key(), "bytes",
            hex(new TimestampedKeyAndJoinSideSerde<>(Serdes.String()).serializer().serialize("topic", new RecordHeaders(), key))));
      }
    }
    List<Object> values = new ArrayList<>();
    for (String[] texts : new String[][] {{"left"}, {"left", "more", ""}}) {
      values.add(row("left", true, "texts", String.join(",", texts), "bytes", list(true, texts)));
      values.add(row("left", false, "texts", String.join(",", texts), "bytes", list(false, texts)));
    }
    List<Object> buffered = new ArrayList<>();
    for (int sequence : new int[] {1, 0x01020304}) {
      buffered.add(row("timestampMs", 1_700_000_000_123L, "key", "key", "sequence", sequence, "bytes",
          hex(TimeFirstWindowKeySchema.toStoreKeyBinary(Bytes.wrap("key".getBytes()), 1_700_000_000_123L, sequence).get())));
    }
    return row("unmatchedKeys", keys, "unmatchedValues", values, "bufferedKeys", buffered);
  }

  @SuppressWarnings({"unchecked", "rawtypes"})
  private static String list(boolean left, String[] texts) {
    LeftOrRightValueSerde<String, String> serde = new LeftOrRightValueSerde<>(Serdes.String(), Serdes.String());
    List<byte[]> entries = new ArrayList<>();
    for (String text : texts) {
      LeftOrRightValue<String, String> value =
          left ? LeftOrRightValue.makeLeftValue(text) : LeftOrRightValue.makeRightValue(text);
      entries.add(serde.serializer().serialize("topic", new RecordHeaders(), value));
    }
    return hex(Serdes.ListSerde(ArrayList.class, Serdes.ByteArray()).serializer().serialize("topic", entries));
  }
}
