#include "collector/ingest/store_check.h"

#include "collector/store/query.h"

namespace chaperone::collector {

namespace {
std::string detail_of(const LogDamage& damage) {
  std::string file = "log file " + std::to_string(damage.at.file);
  if (damage.bytes == 0) return file + " is missing";
  return std::string(kDamagedText) + ": " + file + ", offset " + std::to_string(damage.at.offset) +
         ", " + std::to_string(damage.bytes) + " bytes are no entries any more";
}
}  // namespace

void StoreCheck::report(const LogDamage& damage) {
  std::string detail = detail_of(damage);
  auto query = Query::open(store_.index_path(), store_.log_dir());
  Result<std::vector<RecordRow>> rows = std::vector<RecordRow>();
  if (query) rows = (*query)->records_in(damage, kAlarmsPerWriterMax);
  if (!rows || rows->empty())
    return alarms_.raise(AlarmKind::kStoreDamaged, {}, damage.at.offset, detail);
  for (const RecordRow& row : *rows) {
    alarms_.raise(AlarmKind::kStoreDamaged, row.writer, static_cast<std::uint64_t>(row.sequence),
                  detail);
  }
}

void StoreCheck::report(const std::vector<LogDamage>& damages) {
  for (const LogDamage& damage : damages) report(damage);
}

Result<void> StoreCheck::step(std::int64_t now_ns) {
  if (now_ns < rest_until_ns_) return {};
  auto checked = store_.check_file(checked_);
  if (!checked) {
    ++checked_;  // a file that cannot be read must not hide those behind it
    return checked.error();
  }
  report(checked->damages);
  checked_ = checked->number;
  if (checked_ == 0) rest_until_ns_ = now_ns + kStoreCheckEveryNs;
  return {};
}

}  // namespace chaperone::collector
