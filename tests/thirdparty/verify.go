// Verifies an Ijazat log's evidence with golang.org/x/mod alone: no line of this reads our code.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// head is what a checkpoint says: Go's tlog.ParseTree wants Go's own origin line, so its two other lines are read here.
func head(signed string, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("checkpoint is not origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func hashes(lines []string) ([]tlog.Hash, error) {
	var parsed []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, hash)
	}
	return parsed, nil
}

// inclusion checks a C2SP tlog-proof text for an entry.
func inclusion(text string, leaf []byte, verifier note.Verifier) error {
	before, checkpoint, found := strings.Cut(text, "\n\n")
	lines := strings.Split(before, "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	path, err := hashes(lines[2:])
	if err != nil {
		return err
	}
	tree, err := head(checkpoint, verifier)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(path, tree.N, tree.Hash, index, tlog.RecordHash(leaf))
}

// tiles compares every hash tile of the published tree with what Go cuts from the same hashes.
func tiles(dir string, size int64, reader tlog.HashReader) error {
	all := tlog.NewTiles(8, 0, size)
	for at, tile := range all {
		if at+1 < len(all) && all[at+1].L == tile.L && all[at+1].N == tile.N {
			continue // Go lists every width that an unfinished tile ever had; the last one is the published one
		}
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		found, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		expected, err := tlog.ReadTileData(tile, reader)
		if err != nil {
			return err
		}
		if !bytes.Equal(found, expected) {
			return fmt.Errorf("%s is not the tile of these entries", name)
		}
	}
	return nil
}

// published computes the root again from the published entry bundles, and each tile from their hashes.
func published(dir string, verifier note.Verifier) error {
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := head(string(signed), verifier)
	if err != nil {
		return err
	}
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var found []tlog.Hash
		for _, index := range indexes {
			found = append(found, stored[index])
		}
		return found, nil
	})
	entries := int64(0)
	for tile := int64(0); tile*256 < tree.N; tile++ {
		name := fmt.Sprintf("tile/entries/%03d", tile)
		if width := tree.N - tile*256; width < 256 {
			name += fmt.Sprintf(".p/%d", width)
		}
		bundle, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		for len(bundle) > 0 {
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			added, err := tlog.StoredHashes(entries, bundle[2:length], reader)
			if err != nil {
				return err
			}
			stored, bundle, entries = append(stored, added...), bundle[length:], entries+1
		}
	}
	root, err := tlog.TreeHash(entries, reader)
	if err != nil {
		return err
	}
	if entries != tree.N || root != tree.Hash {
		return fmt.Errorf("published entries do not have the root %s", base64.StdEncoding.EncodeToString(tree.Hash[:]))
	}
	return tiles(dir, tree.N, reader)
}

func run(dir string) error {
	read := func(name string) string {
		bytes, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			panic(err)
		}
		return string(bytes)
	}
	verifier, err := note.NewVerifier(read("vkey"))
	if err != nil {
		return err
	}
	older, err := head(read("old-checkpoint"), verifier)
	if err != nil {
		return err
	}
	newer, err := head(read("checkpoint"), verifier)
	if err != nil {
		return err
	}
	path, err := hashes(strings.Fields(read("consistency")))
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(path, newer.N, newer.Hash, older.N, older.Hash); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	proofs, err := filepath.Glob(filepath.Join(dir, "*.tlog-proof"))
	if err != nil || len(proofs) == 0 {
		return fmt.Errorf("no proofs to check: %v", err)
	}
	for _, proof := range proofs {
		name := strings.TrimSuffix(filepath.Base(proof), ".tlog-proof")
		if err := inclusion(read(name+".tlog-proof"), []byte(read(name+".leaf")), verifier); err != nil {
			return fmt.Errorf("entry %s: %w", name, err)
		}
	}
	if err := published(filepath.Join(dir, "log", "tiles"), verifier); err != nil {
		return fmt.Errorf("published entries: %w", err)
	}
	fmt.Printf("go: %d proofs, consistency %d to %d and the published entries hold\n", len(proofs), older.N, newer.N)
	return nil
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "go:", err)
		os.Exit(1)
	}
}
