#pragma once
// A target that the policy names: where it is, how it is spoken to, with which credential.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/core/command.h"

namespace chaperone::policy {

enum class UpstreamTls : std::uint8_t {
  kVerifyFull,  // default: chain to the CA file and the name
  kVerifyCa,
  kOff,  // written by someone; a password never leaves in clear text
};

// How the upstream login is done. All files are read when needed, so that a rotated Secret counts.
struct Credential {
  std::string user_file;                   // may be empty: LoginMapping names the role
  std::string password_file;               // empty: none (trust, or a client certificate)
  std::string certificate_file, key_file;  // client certificate, PEM
};

// What a client's user and database become. "*" on the left matches any; "*" on the right keeps.
struct LoginMapping {
  std::string client_user, client_database;
  std::string role, database;
};

enum class Warm : std::uint8_t { kOff, kFresh, kReuse };

// An address range: IPv4 as ::ffff:a.b.c.d, so that one comparison serves both families.
struct Cidr {
  std::array<std::uint8_t, 16> address{};
  int prefix = 128;
};

// "10.0.0.0/8", "10.1.2.3", "2001:db8::/32"; nullopt for anything else, host bits set included.
std::optional<Cidr> cidr_from(std::string_view text);
bool contains(const Cidr& range, const std::array<std::uint8_t, 16>& address);
std::string to_string(const Cidr& range);

struct Resource {
  std::string name;
  Protocol protocol = Protocol::kPostgres;
  std::vector<std::string> hosts;  // names; the first is verified in the server's certificate
  std::vector<Cidr> addresses;
  std::vector<std::uint16_t> ports;
  std::vector<std::string> sni;  // opaque TLS: names passed unread
  UpstreamTls tls = UpstreamTls::kVerifyFull;
  std::string ca_file;
  std::string tls_name;  // name to verify; default hosts[0]
  Credential credential;
  std::vector<LoginMapping> logins;
  bool observe = false;
  bool replication = false;  // replication connections may be asked for
  Warm warm = Warm::kFresh;
  std::uint32_t warm_max = 4;  // upstream connections kept ready per key
  std::uint32_t warm_age_max_s = 300;
  // Every destination that no other resource names: made by `observe: true` at the policy's top.
  bool everywhere = false;
  std::uint32_t index = 0;  // position in the policy
};

// What a client's user and database become: the first mapping that names both. nullopt: nothing is
// written for them, so the login is refused.
struct Login {
  std::string role, database;
};
std::optional<Login> login_for(const Resource& resource, std::string_view user,
                               std::string_view database);

}  // namespace chaperone::policy
