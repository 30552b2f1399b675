#include "report/html_page.h"

#include <fmt/format.h>

#include <array>

#include "io/sha256.h"
#include "report/escape.h"
#include "report/html_assets.h"

namespace minslice::report {
namespace {

// One scope for all: what one file declares the others use.
const std::string& Script() {
  static const std::string kScript = [] {
    std::string script = "'use strict';\n";
    for (const char* name : {"diff.js", "prompts.js", "table.js", "detail.js", "main.js"}) {
      script += HtmlAsset(name);
    }
    return script;
  }();
  return kScript;
}

std::string Base64OfHex(const std::string& hex) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<unsigned> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<unsigned>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const unsigned group =
        (bytes[i] << 16U) | (left > 1 ? bytes[i + 1] << 8U : 0U) | (left > 2 ? bytes[i + 2] : 0U);
    out += kDigits[(group >> 18U) & 63U];
    out += kDigits[(group >> 12U) & 63U];
    out += left > 1 ? kDigits[(group >> 6U) & 63U] : '=';
    out += left > 2 ? kDigits[group & 63U] : '=';
  }
  return out;
}

}  // namespace

std::string SourceHash(std::string_view text) { return "'sha256-" + Base64OfHex(io::Sha256Hex(text)) + "'"; }

std::string HtmlText(std::string_view text, std::size_t columns) {
  return EscapeHtml(CutToWidth(ValidUtf8(text), columns));
}

std::string FilterControls(const char* status_label) {
  return fmt::format(
      "<div id=\"controls\" class=\"controls\" hidden>\n"
      "<label>Filter <input id=\"filter\" type=\"search\" placeholder=\"name\" "
      "autocomplete=\"off\"></label>\n"
      "<label>{} <select id=\"status\"><option value=\"\">any</option><option "
      "value=\"block\">blocked</option>"
      "<option value=\"hold\">held or open</option><option value=\"ok\">ok</option>"
      "<option value=\"low\">low confidence</option></select></label>\n"
      "<label hidden><input id=\"group\" type=\"checkbox\"> by family</label>\n"
      "<button type=\"button\" id=\"csv-button\" hidden>Download CSV</button>\n"
      "<span id=\"count\" role=\"status\"></span>\n</div>\n",
      status_label);
}

std::string ScriptJson(const Json& json) {
  const std::string text = json.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string RenderPage(const HtmlPage& page) {
  const std::string_view style = HtmlAsset("style.css");
  const std::string csp =
      fmt::format("default-src 'none'; script-src {}; style-src {}; {}base-uri 'none'; form-action 'none'",
                  SourceHash(Script()), SourceHash(style), page.frames ? "frame-src 'self'; " : "");
  std::string slots;
  for (const auto& [id, json] : page.slots) {
    slots += fmt::format("<script type=\"application/json\" id=\"{}\">{}</script>\n", id, json);
  }
  const std::array<std::pair<std::string_view, std::string_view>, 6> values = {{{"csp", csp},
                                                                                {"title", ""},
                                                                                {"style", style},
                                                                                {"body", page.body},
                                                                                {"slots", slots},
                                                                                {"script", Script()}}};
  const std::string title = EscapeHtml(page.title);
  std::string out;
  std::string_view left = HtmlAsset("page.html");
  while (true) {
    const std::size_t open = left.find("{{");
    out += left.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = left.find("}}", open);
    const std::string_view name = left.substr(open + 2, close - open - 2);
    for (const auto& [key, value] : values) {
      if (key == name) out += key == "title" ? std::string_view(title) : value;
    }
    left.remove_prefix(close + 2);
  }
  return out;
}

}  // namespace minslice::report
