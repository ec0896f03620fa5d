#include "collector/ingest/alarms.h"

#include <cstdio>
#include <filesystem>

#include "audit/text.h"
#include "collector/json.h"

namespace chaperone::collector {

namespace {
constexpr std::int64_t kRepeatNs = 60'000'000'000;
constexpr std::size_t kRecentMax = 10'000;

std::uint64_t bytes_in(const std::string& dir) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir, error)) {
    auto size = entry.file_size(error);
    if (!error) sum += size;
  }
  return sum;
}
}  // namespace

const char* name_of(AlarmKind kind) {
  switch (kind) {
    case AlarmKind::kGap:
      return "gap";
    case AlarmKind::kFork:
      return "fork";
    case AlarmKind::kDamaged:
      return "damaged";
    case AlarmKind::kBrokenChain:
      return "broken_chain";
    case AlarmKind::kSignature:
      return "signature";
    case AlarmKind::kImpostor:
      return "impostor";
    case AlarmKind::kIdentity:
      return "identity";
    case AlarmKind::kClock:
      return "clock";
    case AlarmKind::kSilent:
      return "silent";
    case AlarmKind::kStoreDamaged:
      return "store_damaged";
  }
  return "";
}

Alarms::Alarms(Store& store, std::string evidence_dir)
    : store_(store),
      evidence_dir_(std::move(evidence_dir)),
      evidence_bytes_(bytes_in(evidence_dir_)) {}

std::uint64_t Alarms::count(AlarmKind kind) const {
  std::lock_guard lock(mutex_);
  return counts_[static_cast<int>(kind)];
}

// Called with the lock held. Beyond the writer's share its alarms become one, without a sequence.
bool Alarms::worth_keeping(Key& key, std::int64_t now_ns) {
  if (recent_.size() >= kRecentMax) recent_.clear();
  auto [found, fresh] = recent_.try_emplace(key, now_ns);
  if (!fresh && now_ns - found->second < kRepeatNs) return false;
  found->second = now_ns;
  if (fresh && ++per_writer_[std::get<1>(key)] > kAlarmsPerWriterMax) {
    std::get<2>(key) = 0;
    auto [rest, first] = recent_.try_emplace(key, now_ns);
    if (!first && now_ns - rest->second < kRepeatNs) return false;
    rest->second = now_ns;
  }
  return true;
}

std::string Alarms::keep_evidence(AlarmKind kind, const audit::Id& writer, std::uint64_t sequence,
                                  std::string_view evidence) {
  if (evidence.empty()) return {};
  std::string name =
      std::string(name_of(kind)) + "-" + audit::hex(writer) + "-" + std::to_string(sequence);
  std::string path = evidence_dir_ + "/" + name;
  std::lock_guard lock(mutex_);
  if (evidence_bytes_ + evidence.size() > kEvidenceBytesMax || std::filesystem::exists(path))
    return {};
  auto kept = make_dir(evidence_dir_);
  if (kept) kept = write_file_whole(path, evidence);
  if (!kept) return {};
  evidence_bytes_ += evidence.size();
  return name;
}

void Alarms::raise(AlarmKind kind, const audit::Id& writer, std::uint64_t sequence,
                   const std::string& detail, std::string_view evidence) {
  std::int64_t now_ns = wall_now_ns();
  Key key{kind, writer, sequence};
  {
    std::lock_guard lock(mutex_);
    ++counts_[static_cast<int>(kind)];
    if (!worth_keeping(key, now_ns)) return;
  }
  JsonOut json;
  json.open('{').field("kind", name_of(kind)).field("writer", audit::hex(writer));
  json.field("sequence", static_cast<std::int64_t>(std::get<2>(key))).field("detail", detail);
  json.field("evidence", keep_evidence(kind, writer, sequence, evidence))
      .field("at_ns", now_ns)
      .close('}');
  std::fprintf(stderr, "chaperone-collector: alarm %s\n", json.str().c_str());
  std::string frames;
  append_log_json(frames, LogTag::kAlarm, json.str());
  if (auto kept = store_.commit(std::move(frames)); !kept) {
    std::fprintf(stderr, "chaperone-collector: the alarm could not be kept: %s\n",
                 kept.error().message.c_str());
  }
}

}  // namespace chaperone::collector
