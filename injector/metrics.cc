#include "injector/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace chaperone::injector {

namespace {
// Around the promise: 99 of 100 under 10 ms.
const prometheus::Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                          0.025,  0.05,  0.1,    0.5,   1};
}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& reviews =
      prometheus::BuildCounter()
          .Name("chaperone_injector_reviews_total")
          .Help("Admission reviews, by webhook and outcome")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& findings =
      prometheus::BuildCounter()
          .Name("chaperone_injector_findings_total")
          .Help("What kept pods out, by kind")
          .Register(registry);
  prometheus::Histogram& seconds = prometheus::BuildHistogram()
                                       .Name("chaperone_injector_review_seconds")
                                       .Help("Time from a whole request to its answer")
                                       .Register(registry)
                                       .Add({}, kSeconds);
  prometheus::Gauge& expiry = prometheus::BuildGauge()
                                  .Name("chaperone_injector_certificate_expiry_seconds")
                                  .Help("When the certificate that is served ends, Unix time")
                                  .Register(registry)
                                  .Add({});
  prometheus::Gauge& leader = prometheus::BuildGauge()
                                  .Name("chaperone_injector_leader")
                                  .Help("1: this replica looks after the certificates")
                                  .Register(registry)
                                  .Add({});
  prometheus::Counter& keeper_errors =
      prometheus::BuildCounter()
          .Name("chaperone_injector_certificate_errors_total")
          .Help("Looks at Secret, Lease or webhook configurations that failed")
          .Register(registry)
          .Add({});
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::on_review(const std::string& webhook, const Answer& answer, double seconds) {
  impl_->reviews.Add({{"webhook", webhook}, {"outcome", answer.outcome}}).Increment();
  for (const Finding& one : answer.findings) impl_->findings.Add({{"code", one.code}}).Increment();
  impl_->seconds.Observe(seconds);
}

void Metrics::set_certificate_expiry(double unix_seconds) { impl_->expiry.Set(unix_seconds); }
void Metrics::set_leader(bool leader) { impl_->leader.Set(leader ? 1 : 0); }
void Metrics::on_keeper_error() { impl_->keeper_errors.Increment(); }

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace chaperone::injector
