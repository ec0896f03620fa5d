#include "sidecar/dns/cache.h"

#include <algorithm>

#include "proto-parsers/base/byte_reader.h"
#include "sidecar/dns/limits.h"

namespace chaperone::dns {

namespace {

// The last word of an SOA record's data (RFC 2308 section 4).
std::uint32_t minimum_of(const Record& soa) {
  const Bytes data = as_bytes(soa.data);
  if (data.size() < 4) return 0;
  ByteReader last(data.last(4));
  return last.take_u32();
}

bool is_negative(const Answer& answer) {
  return answer.rcode == Rcode::kNxDomain || answer.records.empty() || answer.authority;
}

std::size_t bytes_of(const Record& record) {
  return sizeof record + record.owner.capacity() + record.data.capacity() +
         record.target.capacity();
}

std::size_t bytes_of(const Answer& answer) {
  std::size_t bytes = sizeof answer + (answer.authority ? bytes_of(*answer.authority) : 0);
  for (const Record& record : answer.records) bytes += bytes_of(record);
  return bytes;
}

}  // namespace

std::uint32_t lifetime_s(const Answer& answer) {
  if (answer.rcode != Rcode::kNoError && answer.rcode != Rcode::kNxDomain) return kFailureTtl_s;
  std::uint32_t shortest = kTtlMax_s;
  for (const Record& record : answer.records) shortest = std::min(shortest, record.ttl_s);
  if (!is_negative(answer)) return shortest;
  if (!answer.authority) return 0;
  return std::min({shortest, kNegativeTtlMax_s, answer.authority->ttl_s,
                   minimum_of(*answer.authority)});
}

Cache::Found Cache::find(const Question& question, std::uint64_t now_ms) {
  const auto found = index_.find(question);
  if (found == index_.end()) return {};
  const auto entry = found->second;
  if (entry->until_ms <= now_ms) {
    remove(entry);
    return {};
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return {entry->answer, static_cast<std::uint32_t>((now_ms - entry->added_ms) / 1000)};
}

void Cache::add(const Question& question, std::shared_ptr<const Answer> answer,
                std::uint64_t now_ms) {
  if (const auto old = index_.find(question); old != index_.end()) remove(old->second);
  const std::uint64_t life_ms = lifetime_s(*answer) * 1000ull;
  if (life_ms == 0) return;
  const std::size_t bytes = sizeof(Entry) + 2 * question.name.capacity() + bytes_of(*answer);
  entries_.push_front({question, std::move(answer), now_ms, now_ms + life_ms, bytes});
  index_[question] = entries_.begin();
  bytes_ += bytes;
  while (entries_.size() > kCacheEntriesMax || bytes_ > kCacheBytesMax) {
    remove(std::prev(entries_.end()));
  }
}

void Cache::clear() {
  index_.clear();
  entries_.clear();
  bytes_ = 0;
}

void Cache::remove(Entries::iterator entry) {
  bytes_ -= entry->bytes;
  index_.erase(entry->question);
  entries_.erase(entry);
}

}  // namespace chaperone::dns
