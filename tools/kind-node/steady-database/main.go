// Command steady-database rewrites the database in which a containerd keeps its images, so that the
// same images give the same bytes: every time in it becomes SOURCE_DATE_EPOCH, what was only of the
// moment (leases, ingests) goes, and pages are laid out by the order of the keys, not by the order
// of the writes. Usage: SOURCE_DATE_EPOCH=SECONDS steady-database FILE, while no containerd runs.
//
// The layout is containerd's core/metadata/buckets.go.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
)

const mode = 0o644 // as containerd makes it

// settle gives what is to stand under `key` in place of `value`.
type settle func(key, value []byte) []byte

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: SOURCE_DATE_EPOCH=SECONDS steady-database FILE")
		os.Exit(2)
	}
	if err := rewrite(os.Args[1], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "steady-database:", err)
		os.Exit(1)
	}
}

func rewrite(path, epoch string) error {
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	then, err := time.Unix(seconds, 0).UTC().MarshalBinary()
	if err != nil {
		return err
	}
	from, err := bolt.Open(path, mode, &bolt.Options{ReadOnly: true, Timeout: 10 * time.Second})
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer from.Close()
	fresh := path + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	to, err := bolt.Open(fresh, mode, &bolt.Options{PageSize: 4096, NoFreelistSync: true, NoSync: true})
	if err != nil {
		return fmt.Errorf("%s: %w", fresh, err)
	}
	err = copyAll(from, to, func(key, value []byte) []byte {
		if name := string(key); name == "createdat" || name == "updatedat" {
			return then
		}
		return value
	})
	if closed := to.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

func copyAll(from, to *bolt.DB, value settle) error {
	return from.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			return copyBucket(bucket, to, [][]byte{name}, value)
		})
	})
}

// copyBucket writes each bucket in a transaction of its own: bbolt takes the buckets of one
// transaction in the order of a Go map, and so would their pages lie.
func copyBucket(bucket *bolt.Bucket, to *bolt.DB, path [][]byte, value settle) error {
	var below [][]byte
	err := to.Update(func(tx *bolt.Tx) error {
		copied, err := tx.CreateBucketIfNotExists(path[0])
		for _, name := range path[1:] {
			if err != nil {
				return err
			}
			copied, err = copied.CreateBucketIfNotExists(name)
		}
		if err != nil {
			return err
		}
		return bucket.ForEach(func(key, found []byte) error {
			if found == nil && bucket.Bucket(key) != nil {
				below = append(below, key)
				return nil
			}
			return copied.Put(key, value(key, found))
		})
	})
	if err != nil {
		return err
	}
	if name := string(path[len(path)-1]); name == "leases" || name == "ingests" {
		return nil
	}
	for _, name := range below {
		inner := append(append([][]byte{}, path...), name)
		if err := copyBucket(bucket.Bucket(name), to, inner, value); err != nil {
			return err
		}
	}
	return nil
}
