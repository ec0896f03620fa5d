#include "sidecar/admin/metrics.h"

#include <array>
#include <catch2/catch.hpp>

#include "sidecar/admin/limits.h"

using namespace chaperone::admin;

TEST_CASE("the counts of loops add up to one page") {
  MetricsPage page;
  for (std::uint64_t loop : {3u, 4u}) {
    page.counter("commands_total", "Commands.", loop, {{"verdict", "allow"}});
    page.counter("commands_total", "Commands.", 1, {{"verdict", "deny"}});
    std::array<double, 2> bounds{0.001, 0.01};
    std::array<std::uint64_t, 3> counts{loop, 0, 1};
    page.histogram("latency_seconds", "Latency.", bounds, counts, 0.5);
  }
  page.gauge("sessions", "Open sessions.", 2);
  std::string text = page.text();
  INFO(text);
  auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
  CHECK(has("# TYPE commands_total counter\n"));
  CHECK(has("commands_total{verdict=\"allow\"} 7\n"));
  CHECK(has("commands_total{verdict=\"deny\"} 2\n"));
  CHECK(has("sessions 2\n"));
  CHECK(has("latency_seconds_bucket{le=\"0.001\"} 7\n"));
  CHECK(has("latency_seconds_bucket{le=\"0.01\"} 7\n"));
  CHECK(has("latency_seconds_bucket{le=\"+Inf\"} 9\n"));
  CHECK(has("latency_seconds_count 9\n"));
  CHECK(has("latency_seconds_sum 1\n"));
}

TEST_CASE("a family has no more series than its bound") {
  MetricsPage page;
  for (std::size_t i = 0; i < kSeriesMax + 100; ++i) {
    page.counter("denials_total", "Denials.", 1, {{"rule", "rule-" + std::to_string(i)}});
  }
  std::string text = page.text();
  CHECK(text.find("denials_total{rule=\"other\"} 100\n") != std::string::npos);
  CHECK(text.find("rule-" + std::to_string(kSeriesMax)) == std::string::npos);
}

TEST_CASE("values of labels cannot break out of their line") {
  MetricsPage page;
  page.counter("x_total", "X.", 1, {{"rule", "a\"b\\c\nd"}});
  CHECK(page.text().find("x_total{rule=\"a\\\"b\\\\c\\nd\"} 1\n") != std::string::npos);
}
