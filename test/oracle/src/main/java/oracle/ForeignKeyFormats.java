package oracle;

import static oracle.Rows.hex;
import static oracle.Rows.row;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionResponseWrapper;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionResponseWrapperSerde;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapper;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapper.Instruction;
import org.apache.kafka.streams.kstream.internals.foreignkeyjoin.SubscriptionWrapperSerde;
import org.apache.kafka.streams.state.internals.Murmur3;

/** How foreign-key joins write what they send, and the hashes by which they compare rows. */
final class ForeignKeyFormats {
  static Map<String, Object> all() {
    List<Object> subscriptions = new ArrayList<>();
    List<Object> responses = new ArrayList<>();
    for (long[] hash : new long[][] {null, {0x0123456789abcdefL, -1L}}) {
      for (Instruction instruction : Instruction.values()) {
        for (byte version : new byte[] {0, 1}) {
          Integer partition = version == 0 ? null : 300;
          SubscriptionWrapper<String> wrapper =
              new SubscriptionWrapper<>(hash, instruction, "key", version, partition);
          subscriptions.add(row("hash", hashHex(hash), "instruction", (int) instruction.value(), "primaryKey", "key",
              "primaryPartition", partition, "bytes",
              hex(new SubscriptionWrapperSerde<>(() -> "pk", Serdes.String()).serializer()
                  .serialize("topic", new RecordHeaders(), wrapper))));
        }
      }
      for (String value : new String[] {null, "value"}) {
        responses.add(row("hash", hashHex(hash), "foreignValue", value, "bytes",
            hex(new SubscriptionResponseWrapperSerde<>(Serdes.String()).serializer()
                .serialize("topic", new RecordHeaders(), new SubscriptionResponseWrapper<>(hash, value, null)))));
      }
    }
    return row("subscriptions", subscriptions, "responses", responses, "hashes", hashes());
  }

  private static List<Object> hashes() {
    List<Object> hashes = new ArrayList<>();
    Random random = new Random(42);
    for (int length = 0; length <= 50; length++) {
      byte[] data = new byte[length];
      random.nextBytes(data);
      hashes.add(row("data", hex(data), "hash", hashHex(Murmur3.hash128(data))));
    }
    return hashes;
  }

  private static String hashHex(long[] hash) {
    return hash == null ? null : String.format("%016x%016x", hash[0], hash[1]);
  }
}
