#include "sidecar/admin/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>
#include <sstream>
#include <vector>

#include "proto-parsers/base/check.h"
#include "sidecar/admin/limits.h"

namespace chaperone::admin {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr std::string_view kOther = "other";

struct Family {
  MetricFamily family;
  std::map<std::vector<ClientMetric::Label>, std::size_t> series;  // index into family.metric
};

std::vector<ClientMetric::Label> owned(MetricLabels labels) {
  std::vector<ClientMetric::Label> copies;
  for (const auto& [name, value] : labels)
    copies.push_back({std::string(name), std::string(value)});
  return copies;
}

}  // namespace

struct MetricsPage::Impl {
  std::vector<Family> families;
  std::map<std::string, std::size_t, std::less<>> index;

  ClientMetric& find(std::string_view name, std::string_view help, MetricType type,
                     MetricLabels labels);
};

ClientMetric& MetricsPage::Impl::find(std::string_view name, std::string_view help, MetricType type,
                                      MetricLabels labels) {
  auto known = index.find(name);
  if (known == index.end()) {
    known = index.emplace(std::string(name), families.size()).first;
    families.push_back({MetricFamily{std::string(name), std::string(help), type, {}}, {}});
  }
  Family& family = families[known->second];
  CHECK(family.family.type == type);
  std::vector<ClientMetric::Label> key = owned(labels);
  auto series = family.series.find(key);
  if (series == family.series.end()) {
    if (family.series.size() >= kSeriesMax && !key.empty()) key.back().value = kOther;
    series = family.series.emplace(std::move(key), family.family.metric.size()).first;
    if (series->second == family.family.metric.size()) {
      family.family.metric.emplace_back().label = series->first;
    }
  }
  return family.family.metric[series->second];
}

MetricsPage::MetricsPage() : impl_(std::make_unique<Impl>()) {}
MetricsPage::~MetricsPage() = default;

void MetricsPage::counter(std::string_view name, std::string_view help, std::uint64_t value,
                          MetricLabels labels) {
  impl_->find(name, help, MetricType::Counter, labels).counter.value += static_cast<double>(value);
}

void MetricsPage::counter_seconds(std::string_view name, std::string_view help, double value) {
  impl_->find(name, help, MetricType::Counter, {}).counter.value += value;
}

void MetricsPage::gauge(std::string_view name, std::string_view help, double value,
                        MetricLabels labels) {
  impl_->find(name, help, MetricType::Gauge, labels).gauge.value += value;
}

void MetricsPage::histogram(std::string_view name, std::string_view help,
                            std::span<const double> bounds, std::span<const std::uint64_t> counts,
                            double sum, MetricLabels labels) {
  CHECK(counts.size() == bounds.size() + 1);
  auto& histogram = impl_->find(name, help, MetricType::Histogram, labels).histogram;
  histogram.sample_sum += sum;
  histogram.bucket.resize(counts.size());
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    below += counts[i];
    histogram.bucket[i].cumulative_count += below;
    histogram.bucket[i].upper_bound =
        i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
  }
  histogram.sample_count += below;
}

std::string MetricsPage::text() const {
  std::vector<MetricFamily> families;
  for (const Family& family : impl_->families) families.push_back(family.family);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return out.str();
}

}  // namespace chaperone::admin
