import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;

/** Writes record batches with Kafka's own Java classes, and beside each file what those classes read in it. */
public final class GoldenBatches {
  private static final long BASE_TIMESTAMP = 1_700_000_000_000L;
  private static Path folder;

  public static void main(String[] arguments) throws Exception {
    folder = Path.of(arguments[0]);
    Files.createDirectories(folder);
    write("plain", batch(Compression.NONE, 41, -1, (short) -1, -1, false, everyKindOfRecord()));
    write("idempotent", batch(Compression.NONE, 0, 4711, (short) 3, 2_000_000_000, false, many(300)));
    write("transactional", batch(Compression.NONE, 7, 4711, (short) 0, 5, true, many(2)));
    write("gzip", batch(Compression.gzip().build(), 1_000, 12, (short) 1, 9, false, everyKindOfRecord()));
    write("snappy", batch(Compression.snappy().build(), 5, -1, (short) -1, -1, false, many(3)));
    write("lz4", batch(Compression.lz4().build(), 5, -1, (short) -1, -1, false, many(3)));
    write("zstd", batch(Compression.zstd().build(), 5, -1, (short) -1, -1, false, many(3)));
    write("log-append-time", logAppendTime());
    write("transactions", transactions());
  }

  private static SimpleRecord[] everyKindOfRecord() {
    byte[] large = new byte[20_000];
    for (int i = 0; i < large.length; i++) large[i] = (byte) (i * 31);
    Header[] headers = {
      new RecordHeader("trace", bytes("4f")),
      new RecordHeader("trace", bytes("50")),
      new RecordHeader("nothing", (byte[]) null),
      new RecordHeader("", new byte[0]),
      new RecordHeader("größe", bytes("ü")),
    };
    return new SimpleRecord[] {
      new SimpleRecord(BASE_TIMESTAMP, bytes("key"), bytes("value")),
      new SimpleRecord(BASE_TIMESTAMP + 1, (byte[]) null, bytes("no key")),
      new SimpleRecord(BASE_TIMESTAMP + 2, bytes("no value"), null),
      new SimpleRecord(BASE_TIMESTAMP + 3, (byte[]) null, (byte[]) null),
      new SimpleRecord(BASE_TIMESTAMP + 4, new byte[0], new byte[0]),
      new SimpleRecord(BASE_TIMESTAMP - 5, bytes("earlier than the first"), bytes("x")),
      new SimpleRecord(BASE_TIMESTAMP + 86_400_000L * 400, bytes("400 days later"), bytes("x")),
      new SimpleRecord(0, bytes("the epoch"), bytes("x")),
      new SimpleRecord(BASE_TIMESTAMP, bytes("Grüße, 世界 🌊"), bytes("Grüße, 世界 🌊")),
      new SimpleRecord(BASE_TIMESTAMP, bytes("large"), large),
      new SimpleRecord(BASE_TIMESTAMP, bytes("headers"), bytes("x"), headers),
    };
  }

  private static SimpleRecord[] many(int count) {
    SimpleRecord[] records = new SimpleRecord[count];
    for (int i = 0; i < count; i++) {
      records[i] = new SimpleRecord(BASE_TIMESTAMP + i * 1000L, bytes("k" + i), bytes("v" + i));
    }
    return records;
  }

  private static ByteBuffer batch(
      Compression compression,
      long baseOffset,
      long producerId,
      short epoch,
      int sequence,
      boolean transactional,
      SimpleRecord... records) {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1 << 18),
            RecordBatch.MAGIC_VALUE_V2,
            compression,
            TimestampType.CREATE_TIME,
            baseOffset,
            RecordBatch.NO_TIMESTAMP,
            producerId,
            epoch,
            sequence,
            transactional,
            RecordBatch.NO_PARTITION_LEADER_EPOCH);
    for (SimpleRecord record : records) builder.append(record);
    return builder.build().buffer();
  }

  private static ByteBuffer logAppendTime() {
    MemoryRecordsBuilder builder =
        MemoryRecords.builder(
            ByteBuffer.allocate(1 << 16),
            RecordBatch.MAGIC_VALUE_V2,
            Compression.NONE,
            TimestampType.LOG_APPEND_TIME,
            3,
            BASE_TIMESTAMP + 99,
            RecordBatch.NO_PRODUCER_ID,
            RecordBatch.NO_PRODUCER_EPOCH,
            RecordBatch.NO_SEQUENCE,
            false,
            RecordBatch.NO_PARTITION_LEADER_EPOCH);
    for (SimpleRecord record : many(3)) builder.append(record);
    return builder.build().buffer();
  }

  /**
   * Producers 1 and 2 abort a transaction each, producer 3 commits; in between a plain batch. A record of producer 1
   * has the key that an abort marker has. The aborted ones begin at offsets 0 and 2.
   */
  private static ByteBuffer transactions() {
    byte[] likeAnAbortMarker = {0, 0, 0, 0};
    List<ByteBuffer> log = new ArrayList<>();
    log.add(transactionalBatch(0, 1, 0, new SimpleRecord(BASE_TIMESTAMP, likeAnAbortMarker, bytes("aborted"))));
    log.add(transactionalBatch(1, 3, 0, new SimpleRecord(BASE_TIMESTAMP, bytes("c"), bytes("committed"))));
    log.add(transactionalBatch(2, 2, 0, new SimpleRecord(BASE_TIMESTAMP, bytes("a"), bytes("aborted"))));
    log.add(transactionalBatch(3, 1, 1, new SimpleRecord(BASE_TIMESTAMP, bytes("a"), bytes("aborted"))));
    log.add(marker(4, 2, ControlRecordType.ABORT));
    log.add(batch(Compression.NONE, 5, -1, (short) -1, -1, false, new SimpleRecord(BASE_TIMESTAMP, bytes("p"), bytes("plain"))));
    log.add(transactionalBatch(6, 2, 1, new SimpleRecord(BASE_TIMESTAMP, bytes("c"), bytes("committed, after an abort"))));
    log.add(marker(7, 3, ControlRecordType.COMMIT));
    log.add(transactionalBatch(8, 1, 2, new SimpleRecord(BASE_TIMESTAMP, bytes("a"), bytes("aborted"))));
    log.add(marker(9, 1, ControlRecordType.ABORT));
    log.add(marker(10, 2, ControlRecordType.COMMIT));
    int size = log.stream().mapToInt(ByteBuffer::remaining).sum();
    ByteBuffer whole = ByteBuffer.allocate(size);
    log.forEach(part -> whole.put(part.duplicate()));
    whole.flip();
    return whole;
  }

  private static ByteBuffer transactionalBatch(
      long baseOffset, long producerId, int sequence, SimpleRecord record) {
    return batch(Compression.NONE, baseOffset, producerId, (short) 0, sequence, true, record);
  }

  private static ByteBuffer marker(long offset, long producerId, ControlRecordType type) {
    return MemoryRecords.withEndTransactionMarker(
            offset, BASE_TIMESTAMP, -1, producerId, (short) 0, new EndTransactionMarker(type, 0))
        .buffer();
  }

  private static void write(String name, ByteBuffer buffer) throws Exception {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    Files.write(folder.resolve(name + ".bin"), bytes);
    List<String> records = new ArrayList<>();
    for (MutableRecordBatch batch : MemoryRecords.readableRecords(buffer).batches()) {
      batch.ensureValid();
      for (Record record : batch) records.add(json(batch, record));
    }
    String text = "[\n  " + String.join(",\n  ", records) + "\n]\n";
    Files.writeString(folder.resolve(name + ".json.golden"), text);
  }

  private static String json(RecordBatch batch, Record record) {
    List<String> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      headers.add("[\"" + header.key() + "\", " + hex(header.value()) + "]");
    }
    return String.format(
        "{\"offset\": %d, \"timestampMs\": %d, \"key\": %s, \"value\": %s, \"headers\": [%s], "
            + "\"producerId\": %d, \"epoch\": %d, \"sequence\": %d, \"transactional\": %b, \"control\": %b}",
        record.offset(),
        record.timestamp(),
        hex(record.hasKey() ? record.key() : null),
        hex(record.hasValue() ? record.value() : null),
        String.join(", ", headers),
        batch.producerId(),
        batch.producerEpoch(),
        record.sequence(),
        batch.isTransactional(),
        batch.isControlBatch());
  }

  private static String hex(ByteBuffer buffer) {
    if (buffer == null) return "null";
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return hex(bytes);
  }

  private static String hex(byte[] bytes) {
    return bytes == null ? "null" : "\"" + HexFormat.of().formatHex(bytes) + "\"";
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
