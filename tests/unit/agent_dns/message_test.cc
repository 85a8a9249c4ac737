// Oracles: libldns on the other side; RFC 1035, 2782, 6891, 7871.

#include "agent/dns/message.h"

#include <gtest/gtest.h>

#include "agent/dns/name.h"
#include "agent/dns/records.h"
#include "base/core/bytes.h"
#include "tests/unit/agent_dns/judge.h"

namespace conclave::dns {
namespace {

std::string name(const char* text) { return *name_from_text(text); }

TEST(Queries, are_read_as_libldns_writes_them) {
  const auto query = parse_query(written_question("Web.service.consul.", Type::srv, 1400));
  ASSERT_TRUE(query.has_value());
  EXPECT_EQ(query->id, 77);
  EXPECT_TRUE(query->recursion_desired);
  EXPECT_EQ(query->name, name("Web.service.consul"));
  EXPECT_EQ(query->type, Type::srv);
  EXPECT_EQ(query->record_class, 1);
  ASSERT_TRUE(query->edns.has_value());
  EXPECT_EQ(query->edns->udp_bytes, 1400);
  EXPECT_FALSE(parse_query(written_question("a.", Type::a))->edns.has_value());
}

TEST(Queries, that_are_cut_off_are_format_errors) {
  const std::string whole = written_question("web.service.consul.", Type::a, 4096);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto query = parse_query(whole.substr(0, size));
    ASSERT_FALSE(query.has_value()) << size;
    EXPECT_EQ(query.error().rcode, size < 12 ? std::nullopt : std::optional(Rcode::format_error))
        << size;
  }
}

TEST(Queries, that_are_none_get_no_answer) {
  std::string reply = written_question("a.", Type::a);
  reply[2] |= static_cast<char>(0x80);
  EXPECT_EQ(parse_query(reply).error().rcode, std::nullopt);
  EXPECT_EQ(parse_query("").error().rcode, std::nullopt);
}

TEST(Queries, of_other_kinds_are_not_implemented) {
  std::string update = written_question("a.", Type::a);
  update[2] = static_cast<char>(5 << 3);
  const auto refused = parse_query(update);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().rcode, Rcode::not_implemented);
  const Judged judged = judge(encode_refusal(refused.error()));
  ASSERT_TRUE(judged.readable);
  EXPECT_EQ(judged.rcode, 4);
}

TEST(Queries, with_pointers_that_do_not_go_back_are_format_errors) {
  std::string query = written_question("a.", Type::a);
  for (const int to : {12, 13, 200}) {
    std::string loop = query.substr(0, 12);
    append_u16_be(loop, static_cast<std::uint16_t>(0xc000 | to));
    loop += query.substr(15);
    EXPECT_EQ(parse_query(loop).error().rcode, Rcode::format_error) << to;
  }
}

TEST(Queries, say_where_their_client_is) {
  std::string query = written_question("a.", Type::a, 1232);
  query.resize(query.size() - 2);
  append_u16_be(query, 4 + 4 + 3);
  append_u16_be(query, 8);
  append_u16_be(query, 4 + 3);
  append_u16_be(query, 1);
  query += std::string("\x18\0\x0a\1\2", 5);
  const auto parsed = parse_query(query);
  ASSERT_TRUE(parsed.has_value());
  ASSERT_TRUE(parsed->edns->subnet.has_value());
  EXPECT_EQ(parsed->edns->subnet->source_bits, 24);
  Reply reply;
  reply.edns = parsed->edns;
  const std::string bytes = encode_reply(*parsed, reply, true);
  EXPECT_TRUE(judge(bytes).readable);
  EXPECT_TRUE(bytes.ends_with(std::string("\0\1\x18\0\x0a\1\2", 7)));
}

Reply sample_reply() {
  Reply reply;
  reply.answer.push_back(
      srv_record(name("web.service.consul"), 5, 10, 8080, name("n1.node.dc1.consul")));
  reply.answer.push_back(
      srv_record(name("web.service.consul"), 5, 10, 8081, name("7f000002.addr.dc1.consul")));
  reply.answer.push_back(
      name_record(name("web.service.consul"), Type::cname, 7, name("x.example.com")));
  DnsOptions::Soa soa;
  reply.authority.push_back(soa_record(name("consul"), 1234, soa));
  reply.additional.push_back(
      address_record(name("n1.node.dc1.consul"), std::string("\x7f\0\0\1", 4), 3));
  reply.additional.push_back(address_record(
      name("n2.node.dc1.consul"), std::string("\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16), 3));
  reply.additional.push_back(txt_record(name("n1.node.dc1.consul"), 0, "key=value"));
  return reply;
}

TEST(Replies, are_read_by_libldns) {
  for (const bool compress : {true, false}) {
    const Query query = question("web.service.consul.", Type::srv, 4096);
    Reply reply = sample_reply();
    reply.edns = query.edns;
    const Judged judged = judge(encode_reply(query, reply, compress));
    ASSERT_TRUE(judged.readable);
    EXPECT_EQ(judged.rcode, 0);
    EXPECT_TRUE(judged.authoritative);
    EXPECT_EQ(judged.edns_bytes, 4096);
    EXPECT_EQ(judged.answer, (std::vector<std::string>{
                                 "web.service.consul. 5 SRV 1 10 8080 n1.node.dc1.consul.",
                                 "web.service.consul. 5 SRV 1 10 8081 7f000002.addr.dc1.consul.",
                                 "web.service.consul. 7 CNAME x.example.com."}));
    EXPECT_EQ(judged.authority,
              (std::vector<std::string>{"consul. 0 SOA ns.consul. hostmaster.consul. 1234 3600 600 "
                                        "86400 0"}));
    EXPECT_EQ(judged.additional,
              (std::vector<std::string>{"n1.node.dc1.consul. 3 A 127.0.0.1",
                                        "n2.node.dc1.consul. 3 AAAA 2001:db8::1",
                                        "n1.node.dc1.consul. 0 TXT \"key=value\""}));
  }
}

TEST(Replies, are_shorter_compressed) {
  const Query query = question("web.service.consul.", Type::srv);
  EXPECT_LT(encode_reply(query, sample_reply(), true).size(),
            encode_reply(query, sample_reply(), false).size() - 60);
}

TEST(Replies, do_not_point_from_the_target_of_srv) {
  const Query query = question("web.service.consul.", Type::srv);
  Reply reply;
  reply.answer.push_back(
      srv_record(name("web.service.consul"), 0, 1, 1, name("web.service.consul")));
  // RFC 2782: the target is written out.
  EXPECT_TRUE(encode_reply(query, reply, true).ends_with(name("web.service.consul")));
}

TEST(Replies, of_thousands_of_names_are_still_right) {
  const Query query = question("web.service.consul.", Type::srv);
  Reply reply;
  for (int n = 0; n < 1500; ++n) {
    const std::string target = name(("host-" + std::to_string(n) + ".node.dc1.consul").c_str());
    reply.answer.push_back(srv_record(query.name, 0, 1, 80, target));
    reply.additional.push_back(address_record(target, std::string("\x0a\0\0\1", 4), 0));
  }
  const Judged judged = judge(encode_reply(query, reply, true));
  ASSERT_TRUE(judged.readable);
  ASSERT_EQ(judged.additional.size(), 1500u);
  EXPECT_EQ(judged.additional.back(), "host-1499.node.dc1.consul. 0 A 10.0.0.1");
}

TEST(Texts, longer_than_a_piece_are_pieces) {
  const Query query = question("n1.node.consul.", Type::txt);
  Reply reply;
  reply.answer.push_back(txt_record(query.name, 0, std::string(300, 'x')));
  const Judged judged = judge(encode_reply(query, reply, true));
  ASSERT_EQ(judged.answer.size(), 1u);
  EXPECT_EQ(judged.answer.front(), "n1.node.consul. 0 TXT \"" + std::string(255, 'x') + "\" \"" +
                                       std::string(45, 'x') + "\"");
}

TEST(ForeignReplies, are_read_back) {
  const Query query = question("x.example.com.", Type::a);
  Reply reply;
  reply.answer.push_back(name_record(query.name, Type::cname, 60, name("y.example.com")));
  reply.answer.push_back(address_record(name("y.example.com"), std::string("\x0a\0\0\1", 4), 60));
  reply.answer.push_back(txt_record(query.name, 60, "not wanted"));
  const auto foreign = parse_reply(encode_reply(query, reply, true));
  ASSERT_TRUE(foreign.has_value());
  EXPECT_EQ(foreign->id, 77);
  EXPECT_EQ(foreign->name, query.name);
  ASSERT_EQ(foreign->answer.size(), 2u);
  EXPECT_EQ(foreign->answer[0].target, name("y.example.com"));
  EXPECT_EQ(foreign->answer[1].fixed, std::string("\x0a\0\0\1", 4));
  EXPECT_FALSE(parse_reply(written_question("a.", Type::a)).has_value());
  EXPECT_TRUE(judge(encode_query(7, name("x.example.com"), Type::aaaa, 1232)).readable);
}

}  // namespace
}  // namespace conclave::dns
