package oracle;

import java.util.regex.Pattern;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.Stores;

/** A topology of the Processor API alone. */
final class ProcessorApi {
  static final class Fill extends ContextualProcessor<String, String, Void, Void> {
    @Override
    public void process(Record<String, String> record) {}
  }

  static Topology topology() {
    Topology topology = new Topology();
    topology.addSource("orders", "orders-eu", "orders-us", "orders-asia");
    topology.addSource("payments", "payments");
    topology.addProcessor("check", ProcessorCases.Pass::new, "orders");
    topology.addProcessor("match", ProcessorCases.Pass::new, "check", "payments");
    topology.addProcessor("late", ProcessorCases.Pass::new, "payments");
    topology.addGlobalStore(
        Stores.keyValueStoreBuilder(
            Stores.inMemoryKeyValueStore("rates"), Serdes.String(), Serdes.String()).withLoggingDisabled(),
        "rates-source", new StringDeserializer(), new StringDeserializer(), "rates", "rates-processor",
        Fill::new);
    topology.addStateStore(ProcessorCases.store("open"), "check", "match");
    topology.addStateStore(ProcessorCases.store("closed"), "match");
    topology.addSource("refunds", "refunds");
    topology.addProcessor("refund", ProcessorCases.Pass::new, "refunds");
    topology.connectProcessorAndStateStores("refund", "closed", "open");
    topology.addSource("alone", "alone");
    topology.addSink("matched", "matched", "match", "refund");
    topology.addSink("copies", "copies", "alone", "late");
    topology.addSource("unread", "unread");
    topology.addSource("logs", Pattern.compile("logs-.*|traces"));
    topology.addSink("archive", "archive", "logs");
    return topology;
  }
}
