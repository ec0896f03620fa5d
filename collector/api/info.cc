// What the collector says about itself.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <sstream>

#include "audit/checkpoint.h"
#include "audit/text.h"
#include "collector/api/api.h"
#include "collector/json.h"

namespace chaperone::collector {

extern const char kOpenApiJson[];

namespace {
using Labels = std::vector<prometheus::ClientMetric::Label>;

class Families {
 public:
  void begin(const char* name, const char* help, prometheus::MetricType type) {
    families_.push_back({name, help, type, {}});
  }
  void add(double value, Labels labels = {}) {
    prometheus::ClientMetric metric;
    metric.label = std::move(labels);
    bool counter = families_.back().type == prometheus::MetricType::Counter;
    (counter ? metric.counter.value : metric.gauge.value) = value;
    families_.back().metric.push_back(std::move(metric));
  }
  void counter(const char* name, const char* help, std::uint64_t value) {
    begin(name, help, prometheus::MetricType::Counter);
    add(static_cast<double>(value));
  }
  void gauge(const char* name, const char* help, std::uint64_t value) {
    begin(name, help, prometheus::MetricType::Gauge);
    add(static_cast<double>(value));
  }
  std::string text() const {
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, families_);
    return out.str();
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

void put_ingest(Families& families, const IngestCounts& counts) {
  families.counter("chaperone_collector_batches_total", "Batches received", counts.batches);
  families.counter("chaperone_collector_batches_refused_total", "Batches refused", counts.refused);
  families.counter("chaperone_collector_records_total", "Records stored", counts.records);
  families.counter("chaperone_collector_duplicates_total", "Records sent again", counts.duplicates);
  families.counter("chaperone_collector_received_bytes_total", "Bytes of batches", counts.bytes);
  families.counter("chaperone_collector_enrolments_total", "Writers enrolled", counts.enrolments);
  families.gauge("chaperone_collector_writers", "Writers known", counts.writers);
}

void put_store(Families& families, const StoreStatus& status) {
  families.gauge("chaperone_collector_log_bytes", "Bytes of the log", status.log_bytes);
  families.gauge("chaperone_collector_log_broken", "1: the disk failed, everything is refused",
                 status.broken);
  families.gauge("chaperone_collector_index_behind", "1: the index could not be written",
                 status.index_behind);
}
}  // namespace

HttpReply Api::openapi(const HttpRequest&) {
  HttpReply reply;
  reply.body = kOpenApiJson;
  return reply;
}

HttpReply Api::key(const HttpRequest&) {
  JsonOut json;
  json.open('{').field("key", audit::hex(parts_.key.public_key()));
  json.field("name", audit::key_name(parts_.key.public_key()))
      .field("algorithm", "Ed25519")
      .close('}');
  HttpReply reply;
  reply.body = json.take();
  return reply;
}

HttpReply Api::healthz(const HttpRequest&) {
  HttpReply reply;
  reply.body = R"({"status":"ok"})";
  return reply;
}

HttpReply Api::readyz(const HttpRequest&) {
  StoreStatus status = parts_.store.status();
  if (stopping_) return error_reply(503, "stopping", "the collector is stopping");
  if (status.broken)
    return error_reply(503, "broken", "the disk failed a sync; check it, then restart");
  if (status.index_behind)
    return error_reply(503, "index", "the index cannot be written; look at the log");
  return healthz({});
}

HttpReply Api::metrics(const HttpRequest&) {
  Families families;
  families.begin("chaperone_collector_build_info", "Version", prometheus::MetricType::Gauge);
  families.add(1, {{"version", parts_.version}});
  put_ingest(families, parts_.ingest.counts());
  put_store(families, parts_.store.status());
  families.begin("chaperone_collector_alarms_total", "Alarms since the start",
                 prometheus::MetricType::Counter);
  for (int kind = 0; kind < kAlarmKinds; ++kind) {
    auto alarm = static_cast<AlarmKind>(kind);
    families.add(static_cast<double>(parts_.alarms.count(alarm)), {{"kind", name_of(alarm)}});
  }
  families.counter("chaperone_collector_wrong_tokens_total", "Requests without a known token",
                   refused_unauthenticated_);
  families.begin("chaperone_collector_requests_total", "Requests answered",
                 prometheus::MetricType::Counter);
  for (std::size_t i = 0; i < routes().size(); ++i) {
    for (std::size_t status = 2; status < 6; ++status) {
      std::uint64_t count = answered_[i][status];
      if (count == 0) continue;
      families.add(static_cast<double>(count),
                   {{"path", routes()[i].path}, {"status", std::to_string(status) + "xx"}});
    }
  }
  HttpReply reply;
  reply.type = "text/plain; version=0.0.4";
  reply.body = families.text();
  return reply;
}

}  // namespace chaperone::collector
