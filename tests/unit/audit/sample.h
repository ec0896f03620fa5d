#pragma once
// Records for tests: one that uses every field, chains of small ones, and exports of them.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "audit/chain.h"
#include "audit/checkpoint.h"
#include "audit/record.h"

namespace chaperone::audit {

using Buffer = std::vector<std::uint8_t>;

Buffer make_record(const RecordHead& head, std::uint64_t sequence, const Hash& previous,
                   std::initializer_list<const EncodedPart*> parts);

// A command with every field of a command set; its parts are the same at every call.
Buffer full_command(std::uint64_t sequence = 7, const Hash& previous = {});
// One record that holds every field there is, whatever its kind would need.
Buffer every_field();

Id test_id(std::uint8_t fill);
SigningKey test_key(std::uint8_t fill);

// A chain in memory.
class TestChain {
 public:
  TestChain(Id writer, std::uint8_t key_fill) : writer_(writer), key_(std::make_shared<SigningKey>(test_key(key_fill))) {}
  void add(std::string_view text, RecordKind kind = RecordKind::kCommand);
  void checkpoint();
  // Names the next key, signed by the present one, which then signs no more.
  void change_key(std::uint8_t next_fill);
  // What only a forger does: signs with another key from here on, or leaves records out.
  void sign_as(std::uint8_t key_fill) { key_ = std::make_shared<SigningKey>(test_key(key_fill)); }
  void skip(std::uint64_t records) { at_.sequence += records; }
  const std::vector<Buffer>& records() const { return records_; }
  const SigningKey& key() const { return *key_; }
  const Id& writer() const { return writer_; }

 private:
  void take(Buffer record);
  Id writer_;
  std::shared_ptr<const SigningKey> key_;
  ChainPoint at_;
  std::vector<Buffer> records_;
};

}  // namespace chaperone::audit
