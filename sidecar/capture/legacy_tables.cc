#include "sidecar/capture/legacy_tables.h"

#include <netinet/in.h>
#include <sys/socket.h>
// The kernel's headers stand aside for the C library's only when they come second.
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "sidecar/capture/iptables_ruleset.h"
#include "sidecar/capture/socket_handle.h"

namespace chaperone::capture {
namespace {

// The two families differ only in the size of an entry's match; both call the options 64 and 65.
static_assert(IPT_SO_GET_INFO == IP6T_SO_GET_INFO && IPT_SO_GET_ENTRIES == IP6T_SO_GET_ENTRIES);
static_assert(sizeof(ipt_getinfo) == sizeof(ip6t_getinfo));

template <class Entry>
Entry entry_at(const std::vector<char>& table, std::size_t offset) {
  Entry entry;
  std::memcpy(&entry, table.data() + offset, sizeof entry);
  return entry;
}

// The name of a user's chain stands in the ERROR entry before its first rule.
template <class Entry>
std::string chain_at(const std::vector<char>& table, std::size_t verdict) {
  for (std::size_t at = 0; at + sizeof(Entry) <= table.size();) {
    Entry entry = entry_at<Entry>(table, at);
    if (entry.next_offset < sizeof(Entry)) break;
    if (at + entry.next_offset == verdict &&
        entry.target_offset + sizeof(xt_error_target) <= entry.next_offset) {
      xt_error_target label;
      std::memcpy(&label, table.data() + at + entry.target_offset, sizeof label);
      return {label.errorname, strnlen(label.errorname, sizeof label.errorname)};
    }
    at += entry.next_offset;
  }
  return "a chain";
}

template <class Entry>
std::string target_of(const std::vector<char>& table, std::size_t offset, const Entry& entry) {
  xt_standard_target target;
  std::memcpy(&target, table.data() + offset + entry.target_offset, sizeof target);
  const char* name = target.target.u.user.name;
  if (name[0] != '\0') return {name, strnlen(name, sizeof target.target.u.user.name)};
  if (target.verdict < 0) return "a verdict";
  return "jump " + chain_at<Entry>(table, static_cast<std::size_t>(target.verdict));
}

// From the hook's first entry up to, not including, its policy.
template <class Entry>
void collect(const std::vector<char>& table, const ipt_getinfo& info, unsigned hook,
             const std::string& where, std::vector<ForeignRule>& found) {
  std::size_t end = std::min<std::size_t>(info.underflow[hook], table.size());
  for (std::size_t at = info.hook_entry[hook]; at + sizeof(Entry) <= end;) {
    Entry entry = entry_at<Entry>(table, at);
    if (entry.next_offset < sizeof(Entry)) break;
    const std::string target = target_of(table, at, entry);
    const bool own = target.find(kIptablesChainPrefix) != std::string::npos;
    found.push_back({where, target, own});
    at += entry.next_offset;
  }
}

template <class Entry>
void read_family(int family, int level, const std::string& tool, std::vector<ForeignRule>& found) {
  SocketHandle socket(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) return;
  ipt_getinfo info{};
  std::strcpy(info.name, "nat");
  socklen_t size = sizeof info;
  if (getsockopt(socket.fd(), level, IPT_SO_GET_INFO, &info, &size) != 0) return;
  // An entries request is this header and then room for the table.
  constexpr std::size_t header = sizeof(ipt_get_entries);
  std::vector<char> answer(header + info.size);
  std::strcpy(answer.data() + offsetof(ipt_get_entries, name), "nat");
  std::memcpy(answer.data() + offsetof(ipt_get_entries, size), &info.size, sizeof info.size);
  size = static_cast<socklen_t>(answer.size());
  if (getsockopt(socket.fd(), level, IPT_SO_GET_ENTRIES, answer.data(), &size) != 0) {
    found.push_back({tool, std::to_string(info.num_entries) + " entries that cannot be read"});
    return;
  }
  std::vector<char> table(answer.begin() + header, answer.end());
  collect<Entry>(table, info, NF_INET_LOCAL_OUT, tool + " table nat, chain OUTPUT", found);
  collect<Entry>(table, info, NF_INET_PRE_ROUTING, tool + " table nat, chain PREROUTING", found);
}

}  // namespace

std::vector<ForeignRule> foreign_in_legacy_nat() {
  std::vector<ForeignRule> found;
  read_family<ipt_entry>(AF_INET, SOL_IP, "iptables-legacy", found);
  read_family<ip6t_entry>(AF_INET6, SOL_IPV6, "ip6tables-legacy", found);
  return found;
}

}  // namespace chaperone::capture
