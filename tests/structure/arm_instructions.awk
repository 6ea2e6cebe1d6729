# Reads `objdump -d` of an ARM program and names every instruction an ARM1176 (ARMv6K + VFPv2, ARM state) does not have.
# A list of what is allowed, so that what nobody thought of is found too. Data between instructions is shown by objdump as
# .word, .short or .byte, as long as the program has its symbols.
BEGIN {
    conditions = "eq ne cs cc mi pl vs vc hi ls ge lt gt le"
    with_flags = "adc add and asr bic eor lsl lsr mla mov mul mvn orr ror rrx rsb rsc sbc smlal smull sub umlal umull"
    plain = "b bl blx bx cmn cmp teq tst clz pld svc bkpt udf swp swpb mrs msr mcr mrc mcrr mrrc cdp setend" \
        " ldr ldrb ldrbt ldrd ldrh ldrsb ldrsh ldrt str strb strbt strd strh strt push pop" \
        " ldm ldmda ldmdb ldmib ldmia stm stmda stmdb stmib stmia" \
        " ldrex ldrexb ldrexd ldrexh strex strexb strexd strexh clrex nop yield wfe wfi sev" \
        " qadd qdadd qdsub qsub rev rev16 revsh sel ssat ssat16 usat usat16 usad8 usada8 pkhbt pkhtb umaal" \
        " sxtab sxtab16 sxtah sxtb sxtb16 sxth uxtab uxtab16 uxtah uxtb uxtb16 uxth" \
        " smlad smladx smlald smlaldx smlsd smlsdx smlsld smlsldx smuad smuadx smusd smusdx" \
        " smmla smmlar smmls smmlsr smmul smmulr" \
        " smlabb smlabt smlatb smlatt smlalbb smlalbt smlaltb smlaltt smlawb smlawt" \
        " smulbb smulbt smultb smultt smulwb smulwt" \
        " vmov vmrs vmsr vldr vstr vldm vldmia vldmdb vstm vstmia vstmdb vpush vpop" \
        " fldmiax fldmdbx fstmiax fstmdbx"
    n = split("s u q uq sh uh", prefixes, " ")
    m = split("add8 add16 sub8 sub16 asx sax", sums, " ")
    for (i = 1; i <= n; ++i) { for (j = 1; j <= m; ++j) { plain = plain " " prefixes[i] sums[j] } }
    floating = "vabs vadd vcmp vcmpe vdiv vmla vmls vmov vmul vneg vnmla vnmls vnmul vsqrt vsub"
    allow(plain, "")
    allow(with_flags, "")
    allow(with_flags, "s")
    n = split(floating, names, " ")
    for (i = 1; i <= n; ++i) { allow_typed(names[i], "f32"); allow_typed(names[i], "f64") }
    n = split("f32.f64 f64.f32 f32.s32 f32.u32 f64.s32 f64.u32 s32.f32 u32.f32 s32.f64 u32.f64", types, " ")
    for (i = 1; i <= n; ++i) { allow_typed("vcvt", types[i]); allow_typed("vcvtr", types[i]) }
    allow_typed("vmov", "32")
}
function allow(list, suffix,    words, k, n) {
    n = split(list, words, " ")
    for (k = 1; k <= n; ++k) { allow_conditions(words[k] suffix, "") }
}
function allow_typed(name, type) { allow_conditions(name, "." type) }
function allow_conditions(name, type,    words, k, n) {
    allowed[name type] = 1
    n = split(conditions, words, " ")
    for (k = 1; k <= n; ++k) { allowed[name words[k] type] = 1 }
}

# Parts of the toolchain's libraries that hold other coprocessors' registers for cores that have them. They run only when
# the kernel reports such a core (setjmp) or a frame asks for them (the unwinder), and no code built here does.
function of_other_cores(name) {
    return name ~ /^(__sigsetjmp|_setjmp|setjmp|__longjmp|_longjmp|longjmp|__gnu_Unwind_(Save|Restore)_(WMMX[CD]|VFP_D_16_to_31))$/
}
function bad(why) {
    print "  " function_name ": " why ": " $0
    found++
}

/^[0-9a-f]+ <.*>:$/ {
    function_name = $2
    gsub(/[<>:]/, "", function_name)
    next
}
/^ *[0-9a-f]+:\t/ {
    n = split($0, field, "\t")
    code = field[2]
    sub(/ +$/, "", code)
    name = field[3]
    operands = field[4]
    sub(/[ \t]*[@;].*/, "", operands)
    if (name ~ /^\.(word|short|byte)$/) { next }
    instructions++
    if (of_other_cores(function_name)) { next }
    if (code !~ /^[0-9a-f]+$/ || length(code) != 8) { bad("Thumb code"); next }
    if (!(name in allowed)) { bad("not in ARMv6K + VFPv2"); next }
    if (name !~ /^(v|f|m[cr])/) { next }
    if (operands ~ /(^|[^a-z0-9])d(1[6-9]|2[0-9]|3[01])([^0-9]|$)/) { bad("VFPv2 has 16 double registers"); next }
    if (operands ~ /(^|[^a-z0-9])q[0-9]/) { bad("a NEON register"); next }
    if (name ~ /^v/ && name ~ /\.f32$/ && name !~ /^vcvt/ && operands ~ /(^|[^a-z0-9])d[0-9]/) { bad("NEON"); next }
    if (name ~ /^v(mov|cvt)/ && operands ~ /#/) { bad("VFPv3"); next }
    if (name ~ /^(mcr|mrc|mcrr|mrrc|cdp)/ && operands !~ /^15,/) { bad("a coprocessor that is not there"); next }
}
END {
    if (instructions == 0) { print "  holds no instructions"; found++ }
    exit found != 0
}
