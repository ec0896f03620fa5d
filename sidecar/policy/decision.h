#pragma once
// The answer to a command, and the proof that it was given.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace chaperone::policy {

enum class Verdict : std::uint8_t { kAllow, kHold, kDeny };  // ordered: the strictest wins
std::string_view name_of(Verdict verdict);

// How durable the record of a command is before the command leaves (docs/security-model.md).
enum class Durability : std::uint8_t { kProcess, kDisk, kCollector };
std::string_view name_of(Durability durability);

// Views point into the Policy that decided; hold its shared_ptr as long as the Decision.
struct Decision {
  Verdict verdict = Verdict::kDeny;   // what happens
  Verdict would_be = Verdict::kDeny;  // differs from `verdict` only under observe
  bool observed = false;              // an observe line turned would_be into an allow
  std::string_view rule;              // the rule that spoke, or "default"
  std::string_view reason;            // for the agent and the record
  std::string_view hint;              // what to do instead; may be empty
  Durability durability = Durability::kDisk;
  std::uint32_t rule_index = 0;  // stable within one policy; for counters. 0 is "default"
  std::shared_ptr<const std::string> note;  // keeps `reason` alive where no rule wrote it
};

// Leave to send the bytes of one decided command upstream: whatever writes agent bytes upstream
// takes one. Move-only; minted by Policy for an allow alone, and spent by taking it.
class Permit {
 public:
  Permit(Permit&& other) noexcept : valid_(std::exchange(other.valid_, false)) {}
  Permit& operator=(Permit&& other) noexcept {
    valid_ = std::exchange(other.valid_, false);
    return *this;
  }
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  bool valid() const { return valid_; }

 private:
  friend class Policy;
  Permit() = default;
  bool valid_ = true;
};

}  // namespace chaperone::policy
