#pragma once
// Answers that still hold, negative ones too (RFC 2308). The least recently used goes when entries
// or bytes are too many (limits.h). Belongs to its loop.

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

#include "proto-parsers/dns/response.h"

namespace chaperone::dns {

// How long an answer may be kept: the shortest of its records' lives (RFC 2308 section 5 for
// negative ones), within limits.h. 0: not at all.
std::uint32_t lifetime_s(const Answer& answer);

class Cache {
 public:
  struct Found {
    std::shared_ptr<const Answer> answer;  // null: nothing that still holds
    std::uint32_t age_s = 0;
  };
  Found find(const Question& question, std::uint64_t now_ms);
  void add(const Question& question, std::shared_ptr<const Answer> answer, std::uint64_t now_ms);
  // A changed policy may have changed what may be answered.
  void clear();

  std::size_t size() const { return entries_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    Question question;
    std::shared_ptr<const Answer> answer;
    std::uint64_t added_ms = 0, until_ms = 0;
    std::size_t bytes = 0;
  };
  using Entries = std::list<Entry>;  // most recently used first
  struct Hash {
    std::size_t operator()(const Question& question) const {
      return std::hash<std::string>()(question.name) * 31 + static_cast<std::size_t>(question.type);
    }
  };
  void remove(Entries::iterator entry);

  Entries entries_;
  std::unordered_map<Question, Entries::iterator, Hash> index_;
  std::size_t bytes_ = 0;
};

}  // namespace chaperone::dns
