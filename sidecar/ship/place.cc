#include "sidecar/ship/place.h"

#include <algorithm>

namespace chaperone::ship {

namespace {
bool is_port(std::string_view text) {
  bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && !text.empty() && text.size() <= 5 && std::stoul(std::string(text)) - 1 < 65535;
}
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':' || c == '_';
  });
}
}  // namespace

Result<Place> parse_place(std::string_view url) {
  Error wrong{"the collector's address is https://host[:port], not \"" +
              std::string(url.substr(0, 200)) + "\""};
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return wrong;
  std::string_view rest = url.substr(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  Place place;
  place.header = rest;
  bool bracketed = rest.starts_with('[');
  auto host_end = bracketed ? rest.find(']') : rest.find(':');
  if (bracketed && host_end == std::string_view::npos) return wrong;
  place.host = bracketed ? rest.substr(1, host_end - 1) : rest.substr(0, host_end);
  std::string_view port =
      host_end == std::string_view::npos ? "" : rest.substr(host_end + (bracketed ? 1 : 0));
  if (!port.empty() && port.front() != ':') return wrong;
  place.port = port.empty() ? "8443" : port.substr(1);
  bool colons = place.host.find(':') != std::string::npos;
  if (!is_host(place.host) || colons != bracketed || !is_port(place.port)) return wrong;
  return place;
}

}  // namespace chaperone::ship
