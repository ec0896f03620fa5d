#include "sidecar/spool/pending.h"

#include <algorithm>
#include <cstring>

#include "audit/fields.h"
#include "audit/wire.h"

namespace chaperone::spool {
namespace {

bool allowed(Bytes record) {
  audit::FieldReader reader(record);
  while (auto field = reader.next()) {
    if (field->number == audit::field::kVerdict) {
      return field->value == static_cast<std::uint64_t>(audit::Verdict::kAllow);
    }
    if (field->number > audit::field::kVerdict) break;
  }
  return true;
}

}  // namespace

// Session ids are random: any eight bytes of them spread well.
std::size_t Pending::KeyHash::operator()(const Key& key) const {
  std::uint64_t bits;
  std::memcpy(&bits, key.session.data(), sizeof bits);
  return bits ^ (key.operation * 0x9E3779B97F4A7C15ull);
}

void Pending::see(const audit::PeekedHead& head, Bytes record) {
  if (head.operation == 0) return;
  if (head.kind == audit::RecordKind::kCommand) {
    commands_[{head.session, head.operation}] = {head.sequence, record};
    fresh_.push_back({head.session, head.operation});
  } else if (head.kind == audit::RecordKind::kOutcome) {
    commands_.erase({head.session, head.operation});
  }
}

void Pending::settle() {
  for (const Key& key : fresh_) {
    auto command = commands_.find(key);
    if (command == commands_.end()) continue;
    Bytes record = std::exchange(command->second.unsettled, {});
    if (!record.empty() && !allowed(record)) commands_.erase(command);
  }
  fresh_.clear();
}

std::vector<std::pair<audit::Id, std::uint64_t>> Pending::take() const {
  std::vector<std::pair<std::uint64_t, Key>> sorted;
  for (const auto& [key, command] : commands_) sorted.push_back({command.sequence, key});
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::pair<audit::Id, std::uint64_t>> out;
  for (const auto& [sequence, key] : sorted) out.push_back({key.session, key.operation});
  return out;
}

}  // namespace chaperone::spool
