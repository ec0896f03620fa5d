#pragma once
// Damage in the collector's own log becomes the alarm store_damaged: what was found at start, and
// what a walk over all files finds, a file at a time, from the beginning again once a day.

#include <cstdint>
#include <vector>

#include "collector/ingest/alarms.h"
#include "collector/store/store.h"

namespace chaperone::collector {

class StoreCheck {
 public:
  StoreCheck(Store& store, Alarms& alarms) : store_(store), alarms_(alarms) {}

  // One alarm for each record that the index knows in the damaged bytes, named; one without a
  // writer where it knows none, its sequence the place in the file.
  void report(const std::vector<LogDamage>& damages);

  // Reads the next file, if its time has come. Call it about once a second.
  Result<void> step(std::int64_t now_ns);

 private:
  void report(const LogDamage& damage);
  Store& store_;
  Alarms& alarms_;
  std::uint64_t checked_ = 0;  // number of the file read last
  std::int64_t rest_until_ns_ = 0;
};

}  // namespace chaperone::collector
