local primes, n = {}, 1
::next:: n = n + 1
for _, p in ipairs(primes) do
  if n % p == 0 then goto continue end
  if p * p > n then break end
end
primes[#primes + 1] = n
::continue::
if n < 60 then goto next end
local bits, i = 0x0F ~ 3 << 2 & ~1 | 1, 10 // 3 .. ""
repeat local stop = #i > 3; i = i .. bits until stop
while bits > 0 do bits = bits >> 1 end
return #primes, i, 1e1, 0x.8p1, 7 // 2.0, -2 ^ 2, not nil == true, bits
