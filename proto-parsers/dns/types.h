#pragma once
// Numbers of the wire (IANA "Domain Name System Parameters") that the sidecar has an opinion on.
// Any other type is carried as its number and as bytes (RFC 3597).

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaperone::dns {

enum class Type : std::uint16_t {
  kA = 1, kNs = 2, kCname = 5, kSoa = 6, kNull = 10, kPtr = 12, kMx = 15, kTxt = 16, kAaaa = 28,
  kSrv = 33, kNaptr = 35, kDname = 39, kOpt = 41, kSvcb = 64, kHttps = 65, kIxfr = 251, kAxfr = 252,
  kAny = 255, kCaa = 257,
};

// "AAAA", "TYPE99" (RFC 3597 section 5).
std::string name_of(Type type);
std::optional<Type> type_from(std::string_view name);  // of either spelling, upper case

enum class Rcode : std::uint8_t {
  kNoError = 0, kFormErr = 1, kServFail = 2, kNxDomain = 3, kNotImp = 4, kRefused = 5,
};
std::string_view name_of(Rcode rcode);

// The Internet. Nothing else is asked for or answered.
inline constexpr std::uint16_t kClassIn = 1;

// Extended DNS Errors (RFC 8914) that we give: a client that shows them tells its user why.
enum class Why : std::uint16_t { kStale = 3, kBlocked = 15, kProhibited = 18, kNetworkError = 23 };

}  // namespace chaperone::dns
