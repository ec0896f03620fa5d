#pragma once
// The page that Prometheus scrapes, put together anew for each scrape from the plain integers that
// the loops count. Names and meanings: docs/metrics.md.

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace chaperone::admin {

// Content type of MetricsPage::text().
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

using MetricLabels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class MetricsPage {
 public:
  MetricsPage();
  ~MetricsPage();
  MetricsPage(const MetricsPage&) = delete;
  MetricsPage& operator=(const MetricsPage&) = delete;

  // Same name and labels again: added up (histograms bucket by bucket), so that each loop's counts
  // are simply put in. Beyond kSeriesMax series of one name, what is new counts under the value
  // "other" of its last label. REQUIRES: one type, and the same label names, per name.
  void counter(std::string_view name, std::string_view help, std::uint64_t value,
               MetricLabels labels = {});
  // A counter of time, without labels.
  void counter_seconds(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value, MetricLabels labels = {});
  // `counts[i]`: observations up to `bounds[i]` and above the bound before (not cumulative); one
  // more count than bounds, for what is above the last.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum, MetricLabels labels = {});

  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chaperone::admin
