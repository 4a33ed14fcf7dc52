package dev.longspan.tvm.runtime;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes a tiny shared library for Linux on x86-64, to be loaded in place of one that is not on the machine and is not needed: the
 * dynamic linker is satisfied by its name, and whoever calls one of its functions is told that it failed.
 *
 * <p>The layout is that of the System V ABI: a header, a hash table, names, versions and a few bytes of code in one segment, and
 * the dynamic section in another.
 */
public final class StandIn {
    private static final int HEADER = 64;
    private static final int PROGRAM_HEADER = 56;
    private static final int SYMBOL = 24;
    private static final int VERSION = 28;
    private static final int PAGE = 4096;
    private static final int UNVERSIONED = 1;
    private static final int FIRST_VERSION = 2;
    private static final byte[] ABSENT = "the library is not on this machine\0".getBytes(StandardCharsets.US_ASCII);

    private final String name;
    /** Functions, and the number of their version. */
    private final Map<String, Integer> functions = new LinkedHashMap<>();

    private final List<String> versions;
    private final int result;

    private final ByteArrayOutputStream strings = new ByteArrayOutputStream();
    private final Map<String, Integer> stringOffsets = new HashMap<>();

    private StandIn(String name, List<String> versions, int result) {
        this.name = name;
        this.versions = versions;
        this.result = result;
        strings.write(0);
    }

    /**
     * {@return the bytes of a library}
     *
     * @param name its name (SONAME)
     * @param functions what it has, each as {@code name} or {@code name@version}; those that end in {@code ErrorString} or
     *     {@code ErrorName} answer a text
     * @param versions the names of versions that others ask for
     * @param result what all its other functions answer
     */
    public static byte[] library(String name, List<String> functions, List<String> versions, int result) {
        StandIn made = new StandIn(name, versions, result);
        for (String function : functions) {
            int at = function.indexOf('@');
            int version = at < 0 ? UNVERSIONED : FIRST_VERSION + versions.indexOf(function.substring(at + 1));
            made.functions.put(at < 0 ? function : function.substring(0, at), version);
        }
        return made.write();
    }

    private static int aligned(int offset, int to) {
        return (offset + to - 1) / to * to;
    }

    private int string(String text) {
        return stringOffsets.computeIfAbsent(text, added -> {
            int offset = strings.size();
            strings.writeBytes(added.getBytes(StandardCharsets.US_ASCII));
            strings.write(0);
            return offset;
        });
    }

    /** The hash of a name as the System V ABI defines it. */
    private static int hash(String name) {
        int hash = 0;
        for (byte letter : name.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash << 4) + letter;
            int high = hash & 0xf0000000;
            hash = (hash ^ high >>> 24) & ~high;
        }
        return hash;
    }

    private byte[] write() {
        string(name);
        functions.keySet().forEach(this::string);
        versions.forEach(this::string);
        int symbols = functions.size() + 1;
        int buckets = Math.max(1, symbols / 2);
        int hashTable = HEADER + 4 * PROGRAM_HEADER;
        int symbolTable = aligned(hashTable + 4 * (2 + buckets + symbols), 8);
        int stringTable = symbolTable + SYMBOL * symbols;
        int symbolVersions = aligned(stringTable + strings.size(), 2);
        int versionTable = aligned(symbolVersions + 2 * symbols, 8);
        int code = aligned(versionTable + VERSION * (versions.size() + 1), 16);
        int end = code + 16 + ABSENT.length;
        int dynamic = aligned(end, PAGE);
        int entries = versions.isEmpty() ? 7 : 10;
        ByteBuffer out = ByteBuffer.allocate(dynamic + 16 * entries).order(ByteOrder.LITTLE_ENDIAN);
        writeHeaders(out, end, dynamic, 16 * entries);
        writeHashTable(out.position(hashTable), buckets, symbols);
        writeSymbols(out.position(symbolTable + SYMBOL), code);
        out.position(stringTable).put(strings.toByteArray());
        if (!versions.isEmpty()) {
            writeVersions(out, symbolVersions, versionTable);
        }
        writeCode(out.position(code));
        out.position(dynamic);
        entry(out, 14, string(name)); // DT_SONAME
        entry(out, 4, hashTable); // DT_HASH
        entry(out, 5, stringTable); // DT_STRTAB
        entry(out, 6, symbolTable); // DT_SYMTAB
        entry(out, 10, strings.size()); // DT_STRSZ
        entry(out, 11, SYMBOL); // DT_SYMENT
        if (!versions.isEmpty()) {
            entry(out, 0x6ffffff0L, symbolVersions); // DT_VERSYM
            entry(out, 0x6ffffffcL, versionTable); // DT_VERDEF
            entry(out, 0x6ffffffdL, versions.size() + 1L); // DT_VERDEFNUM
        }
        entry(out, 0, 0); // DT_NULL
        return out.array();
    }

    private static void writeHeaders(ByteBuffer out, int end, int dynamic, int dynamicSize) {
        out.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        out.putShort((short) 3).putShort((short) 62).putInt(1); // a shared object, x86-64
        out.putLong(0).putLong(HEADER).putLong(0).putInt(0);
        out.putShort((short) HEADER).putShort((short) PROGRAM_HEADER).putShort((short) 4);
        out.putShort((short) 64).putShort((short) 0).putShort((short) 0);
        programHeader(out, 1, 5, 0, end, PAGE); // PT_LOAD, read and execute
        programHeader(out, 1, 6, dynamic, dynamicSize, PAGE); // PT_LOAD, read and write
        programHeader(out, 2, 6, dynamic, dynamicSize, 8); // PT_DYNAMIC
        programHeader(out, 0x6474e551, 6, 0, 0, 16); // PT_GNU_STACK: not executable
    }

    private static void programHeader(ByteBuffer out, int type, int flags, long offset, long size, long alignment) {
        out.putInt(type).putInt(flags).putLong(offset).putLong(offset).putLong(offset);
        out.putLong(size).putLong(size).putLong(alignment);
    }

    private void writeHashTable(ByteBuffer out, int buckets, int symbols) {
        int[] first = new int[buckets];
        int[] next = new int[symbols];
        int index = 1;
        for (String function : functions.keySet()) {
            int bucket = Integer.remainderUnsigned(hash(function), buckets);
            next[index] = first[bucket];
            first[bucket] = index++;
        }
        out.putInt(buckets).putInt(symbols);
        for (int each : first) {
            out.putInt(each);
        }
        for (int each : next) {
            out.putInt(each);
        }
    }

    private void writeSymbols(ByteBuffer out, int code) {
        for (String function : functions.keySet()) {
            boolean text = function.endsWith("ErrorString") || function.endsWith("ErrorName");
            out.putInt(string(function)).put((byte) 0x12).put((byte) 0).putShort((short) 1); // a global function
            out.putLong(text ? code + 8 : code).putLong(6);
        }
    }

    private void writeVersions(ByteBuffer out, int symbolVersions, int versionTable) {
        out.position(symbolVersions).putShort((short) 0);
        functions.values().forEach(version -> out.putShort(version.shortValue()));
        out.position(versionTable);
        for (int i = 0; i <= versions.size(); i++) {
            String version = i == 0 ? name : versions.get(i - 1);
            out.putShort((short) 1).putShort((short) (i == 0 ? 1 : 0)); // the first names the file
            out.putShort((short) (i + 1))
                    .putShort((short) 1)
                    .putInt(hash(version))
                    .putInt(20);
            out.putInt(i == versions.size() ? 0 : VERSION)
                    .putInt(string(version))
                    .putInt(0);
        }
    }

    private void writeCode(ByteBuffer out) {
        int start = out.position();
        out.put((byte) 0xb8).putInt(result).put((byte) 0xc3); // mov eax, result; ret
        out.position(start + 8)
                .put(new byte[] {0x48, (byte) 0x8d, 0x05})
                .putInt(1)
                .put((byte) 0xc3); // lea rax, [text]; ret
        out.put(ABSENT);
    }

    private static void entry(ByteBuffer out, long tag, long value) {
        out.putLong(tag).putLong(value);
    }
}
