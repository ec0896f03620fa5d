#pragma once
// What a command does to the world, in one vocabulary for every protocol. Policy rules, audit
// records, metrics and the user interface all use these words. docs/policy.md explains each to users.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaperone {

// The order is part of the record format (audit/FORMAT.md): append, never renumber.
enum class Effect : std::uint8_t {
  kRead,           // "read": returns data
  kWrite,          // "write": inserts or changes data
  kDelete,         // "delete": removes data (DELETE, TRUNCATE, DEL)
  kDefine,         // "define": creates or alters a schema object
  kDrop,           // "drop": removes a schema object
  kGrant,          // "grant": changes who may do what (roles, privileges, policies, ownership)
  kRunCode,        // "run_code": runs code whose effects cannot be read from the command
  kExport,         // "export": sends data out by another way than the reply (files, programs, links)
  kImport,         // "import": brings data in from outside the command (server files, URLs, programs)
  kSession,        // "session": changes state that later commands of the session depend on
  kLock,           // "lock": takes locks beyond those of its reads and writes
  kNotify,         // "notify": signals other sessions (NOTIFY, PUBLISH)
  kListen,         // "listen": subscribes to what others signal
  kTransaction,    // "transaction": begins or ends one; touches no data by itself
  kAdmin,          // "admin": steers the server or other sessions (settings, termination, extensions)
  kReplicate,      // "replicate": streams the server's log
  kMaintain,       // "maintain": VACUUM, ANALYZE, REINDEX: no change of data
  kDescribe,       // "describe": asks about structure, not data (SHOW, EXPLAIN without ANALYZE)
  kOpaque,         // "opaque": passes unread, by a policy line
  kUnknown,        // "unknown": not classified; policy treats it as the worst
};
inline constexpr int kEffectCount = static_cast<int>(Effect::kUnknown) + 1;

// How bad it can get, ordered. A command's tier is the highest of its effects'.
enum class Risk : std::uint8_t { kNone, kLow, kMedium, kHigh, kCritical };

class EffectSet {
 public:
  constexpr EffectSet() = default;
  constexpr EffectSet(Effect effect) : bits_(1u << static_cast<int>(effect)) {}  // NOLINT: implicit
  static constexpr EffectSet from_bits(std::uint32_t bits) { EffectSet s; s.bits_ = bits; return s; }

  constexpr std::uint32_t bits() const { return bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool has(Effect effect) const { return (bits_ & EffectSet(effect).bits_) != 0; }
  constexpr bool intersects(EffectSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool within(EffectSet other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr EffectSet operator|(EffectSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr EffectSet& operator|=(EffectSet other) { bits_ |= other.bits_; return *this; }
  constexpr bool operator==(const EffectSet&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

constexpr EffectSet operator|(Effect a, Effect b) { return EffectSet(a) | EffectSet(b); }

std::string_view name_of(Effect effect);
std::string_view name_of(Risk risk);
std::optional<Effect> effect_from(std::string_view name);
std::optional<Risk> risk_from(std::string_view name);
Risk risk_of(Effect effect);
Risk risk_of(EffectSet effects);  // kNone for the empty set

// "read,write": names in the enum's order, for records, metrics and people.
std::string names_of(EffectSet effects);

}  // namespace chaperone
