local s = "tau = 1103, \u{3c4} = \x41\65\z
   [[long]] -- no comment"
local words, count = {}, 0
for k, v in s:gmatch "(%w+)%s*=%s*(%d*)" do words[k] = tonumber(v) or v end
s = s:gsub("%d+", function(d) return ("<%5.1f>"):format(d) end, 1):upper():reverse()
for _, c in utf8.codes "a\u{3c4}b" do count = count + c end
--[==[ a
comment ]==]
local packed = string.pack("<i4z s1 d", -7, "name", "x", 0.5)
return s, count, words.tau, string.unpack("<i4z s1 d", packed), #packed, s:find("[%a_][%w_]*"), ([==[
]]]==]):byte(1, -1)
