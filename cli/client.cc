#include "cli/client.h"

#include <httplib.h>
#include <rapidjson/document.h>

#include <fstream>

#include "cli/terminal.h"

namespace chaperone::cli {

namespace {
constexpr time_t kConnectTimeoutS = 10;
constexpr time_t kReadTimeoutS = 45;  // a long poll waits 30
constexpr std::size_t kBodyBytesMax = 64 * 1024 * 1024;

struct Address {
  std::string host;
  int port = 8443;
};

Result<Address> parse_address(const std::string& url) {
  Error wrong{"the collector's address is https://host[:port], not \"" + url + "\""};
  if (!url.starts_with("https://")) return wrong;
  std::string rest = url.substr(8);
  if (rest.ends_with('/')) rest.pop_back();
  auto colon = rest.rfind(':');
  bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  Address address{rest.substr(0, has_port ? colon : std::string::npos)};
  if (has_port) address.port = std::atoi(rest.c_str() + colon + 1);
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  if (address.host.empty() || address.port < 1 || address.port > 65535) return wrong;
  return address;
}

Result<std::string> read_token(const std::string& path) {
  if (path.empty())
    return Error{"no token; name a file that holds one: --token-file, or CHAPERONE_TOKEN_FILE"};
  std::ifstream file(path);
  std::string token;
  if (!file || !std::getline(file, token)) return Error{"cannot read the token file " + path};
  while (!token.empty() && (token.back() == '\r' || token.back() == ' ')) token.pop_back();
  return token;
}

// Percent-encoding of RFC 3986: everything but its unreserved characters.
std::string encoded(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                 c == '-' || c == '.' || c == '_' || c == '~';
    auto byte = static_cast<unsigned char>(c);
    if (plain)
      out += c;
    else
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
  }
  return out;
}

std::string target(const std::string& path, const Parameters& parameters) {
  std::string out = path;
  for (const auto& [name, value] : parameters) {
    if (!value.empty())
      out += (out.size() == path.size() ? "?" : "&") + name + "=" + encoded(value);
  }
  return out;
}

// The collector's own words, or the status if there are none.
Error refused(int status, const std::string& body) {
  rapidjson::Document json;
  json.Parse(body.data(), body.size());
  bool has_words = !json.HasParseError() && json.IsObject() && json.HasMember("message") &&
                   json["message"].IsString();
  std::string words =
      has_words ? one_line(json["message"].GetString()) : "status " + std::to_string(status);
  return Error{"the collector refused: " + words};
}
}  // namespace

struct Client::State {
  State(const Address& address, const std::string& url)
      : client(address.host, address.port), name(url) {}
  Error failed(httplib::Error error) const;
  httplib::SSLClient client;
  std::string name, ca_file;
  httplib::Headers headers;
};

Error Client::State::failed(httplib::Error error) const {
  std::string ca = ca_file.empty()
                       ? "give the collector's CA with --ca-file or CHAPERONE_CA_FILE"
                       : "is " + ca_file + " its CA, and is its name in the certificate?";
  switch (error) {
    case httplib::Error::SSLServerVerification:
      return Error{name + ": its certificate is not trusted; " + ca};
    case httplib::Error::SSLLoadingCerts:
      return Error{"cannot use the CA file " + ca_file};
    case httplib::Error::SSLConnection:
      return Error{name + ": no TLS connection; " + ca};
    case httplib::Error::Connection:
    case httplib::Error::ConnectionTimeout:
      return Error{name + ": no connection; is the collector running, and is the address right?"};
    default:
      return Error{name + ": the connection broke (" + httplib::to_string(error) + "); try again"};
  }
}

Client::Client(std::unique_ptr<State> state) : state_(std::move(state)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(const Settings& settings) {
  if (settings.collector.empty()) {
    return Error{
        "which collector? name it with --collector https://host:port, or CHAPERONE_COLLECTOR"};
  }
  auto address = parse_address(settings.collector);
  if (!address) return address.error();
  auto token = read_token(settings.token_file);
  if (!token) return token.error();
  auto state = std::make_unique<State>(*address, settings.collector);
  state->ca_file = settings.ca_file;
  if (!settings.ca_file.empty()) {
    if (!std::ifstream(settings.ca_file))
      return Error{"cannot read the CA file " + settings.ca_file};
    state->client.set_ca_cert_path(settings.ca_file);
  }
  state->client.enable_server_certificate_verification(true);
  SSL_CTX_set_min_proto_version(state->client.ssl_context(), TLS1_2_VERSION);
  state->client.set_connection_timeout(kConnectTimeoutS);
  state->client.set_read_timeout(kReadTimeoutS);
  state->client.set_keep_alive(true);
  state->headers = {{"Authorization", "Bearer " + *token}};
  return std::unique_ptr<Client>(new Client(std::move(state)));
}

Result<std::string> Client::get(const std::string& path, const Parameters& parameters) {
  std::string body;
  auto taken = stream(path, parameters, [&](std::string_view piece) {
    body.append(piece);
    return body.size() <= kBodyBytesMax;
  });
  if (!taken) return taken.error();
  return body;
}

Result<void> Client::stream(const std::string& path, const Parameters& parameters,
                            const std::function<bool(std::string_view)>& take) {
  int status = 0;
  std::string refusal;
  auto on_head = [&](const httplib::Response& response) {
    status = response.status;
    return true;
  };
  auto on_piece = [&](const char* data, std::size_t size) {
    if (status == 200) return take({data, size});
    refusal.append(data, size);
    return refusal.size() < 64 * 1024;
  };
  auto result = state_->client.Get(target(path, parameters), state_->headers, on_head, on_piece);
  if (!result) return state_->failed(result.error());
  if (status != 200) return refused(status, refusal);
  return {};
}

}  // namespace chaperone::cli
