#include "proto-parsers/dns/types.h"

#include <algorithm>
#include <charconv>

namespace chaperone::dns {

namespace {

struct Named {
  Type type;
  std::string_view name;
};
constexpr Named kTypes[] = {
    {Type::kA, "A"},         {Type::kNs, "NS"},       {Type::kCname, "CNAME"},
    {Type::kSoa, "SOA"},     {Type::kNull, "NULL"},   {Type::kPtr, "PTR"},
    {Type::kMx, "MX"},       {Type::kTxt, "TXT"},     {Type::kAaaa, "AAAA"},
    {Type::kSrv, "SRV"},     {Type::kNaptr, "NAPTR"}, {Type::kDname, "DNAME"},
    {Type::kOpt, "OPT"},     {Type::kSvcb, "SVCB"},   {Type::kHttps, "HTTPS"},
    {Type::kIxfr, "IXFR"},   {Type::kAxfr, "AXFR"},   {Type::kAny, "ANY"},
    {Type::kCaa, "CAA"},
};
constexpr std::string_view kNumbered = "TYPE";

}  // namespace

std::string name_of(Type type) {
  for (const Named& named : kTypes) {
    if (named.type == type) return std::string(named.name);
  }
  return std::string(kNumbered) + std::to_string(static_cast<unsigned>(type));
}

std::optional<Type> type_from(std::string_view name) {
  for (const Named& named : kTypes) {
    if (named.name == name) return named.type;
  }
  if (!name.starts_with(kNumbered)) return std::nullopt;
  name.remove_prefix(kNumbered.size());
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return Type{number};
}

std::string_view name_of(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError: return "NOERROR";
    case Rcode::kFormErr: return "FORMERR";
    case Rcode::kServFail: return "SERVFAIL";
    case Rcode::kNxDomain: return "NXDOMAIN";
    case Rcode::kNotImp: return "NOTIMP";
    case Rcode::kRefused: return "REFUSED";
  }
  return "unknown";
}

}  // namespace chaperone::dns
