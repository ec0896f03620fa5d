#include "cli/settings.h"

#include <fstream>
#include <sstream>

namespace chaperone::cli {

namespace {
std::string trimmed(const std::string& text) {
  auto first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

void fill(std::string& field, const std::string& value) {
  if (field.empty()) field = value;
}

void fill_all(Settings& settings, const Settings& from) {
  fill(settings.collector, from.collector);
  fill(settings.token_file, from.token_file);
  fill(settings.ca_file, from.ca_file);
  fill(settings.collector_key, from.collector_key);
}
}  // namespace

Result<Settings> parse_settings(const std::string& text) {
  Settings settings;
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    auto equals = line.find('=');
    std::string key = trimmed(line.substr(0, equals));
    std::string value = equals == std::string::npos ? "" : trimmed(line.substr(equals + 1));
    std::string* field = key == "collector"       ? &settings.collector
                         : key == "token_file"    ? &settings.token_file
                         : key == "ca_file"       ? &settings.ca_file
                         : key == "collector_key" ? &settings.collector_key
                                                  : nullptr;
    if (!field || value.empty()) {
      return Error{
          "line " + std::to_string(number) +
          ": wanted 'key = value' with a key out of collector, token_file, ca_file, collector_key"};
    }
    *field = value;
  }
  return settings;
}

Result<Settings> complete(Settings settings, const Environment& environment) {
  fill_all(settings, {environment("CHAPERONE_COLLECTOR"), environment("CHAPERONE_TOKEN_FILE"),
                      environment("CHAPERONE_CA_FILE"), environment("CHAPERONE_COLLECTOR_KEY")});
  std::string named = environment("CHAPERONE_CONFIG");
  std::string home = environment("XDG_CONFIG_HOME");
  if (home.empty() && !environment("HOME").empty()) home = environment("HOME") + "/.config";
  std::string path = !named.empty() ? named : home + "/chaperone/config";
  std::ifstream file(path);
  if (!file) {
    if (named.empty()) return settings;
    return Error{"cannot read the configuration " + named + ", which CHAPERONE_CONFIG names"};
  }
  std::ostringstream text;
  text << file.rdbuf();
  auto from_file = parse_settings(text.str());
  if (!from_file) return Error{path + ", " + from_file.error().message};
  fill_all(settings, *from_file);
  return settings;
}

}  // namespace chaperone::cli
