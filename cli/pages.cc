#include "cli/pages.h"

#include <algorithm>

namespace chaperone::cli {

Result<void> for_each(Client& client, const std::string& path, Parameters parameters,
                      const char* name, std::int64_t limit,
                      const std::function<void(const Json&)>& take) {
  std::string cursor;
  for (std::int64_t left = limit; left > 0;) {
    Parameters page = parameters;
    page.emplace_back("limit", std::to_string(std::min(left, kPageItems)));
    page.emplace_back("cursor", cursor);
    auto body = client.get(path, page);
    if (!body) return body.error();
    auto json = parse_json(*body);
    if (!json) return json.error();
    const Json& items = array_at(*json, name);
    for (const Json& item : items.GetArray()) {
      if (left-- > 0) take(item);
    }
    cursor = text_at(*json, "next");
    if (cursor.empty() || items.Empty()) return {};
  }
  return {};
}

}  // namespace chaperone::cli
