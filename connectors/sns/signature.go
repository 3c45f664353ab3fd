package sns

import (
	"crypto"
	"crypto/fips140"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // signature version 1 of SNS is SHA-1; require_signature_version: 2 turns it off
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// How far ahead of this clock a Timestamp may be.
const futureSkew = 15 * time.Minute

// stringToSign is what SNS signs: each covered field as its name and its value, a line end after both.
func (w *wrapper) stringToSign() []byte {
	size := 0
	for _, f := range w.signed() {
		size += len(f.name) + len(f.value) + 2
	}
	b := make([]byte, 0, size)
	for _, f := range w.signed() {
		b = append(append(b, f.name...), '\n')
		b = append(append(b, f.value...), '\n')
	}
	return b
}

// checkVersion refuses signature versions that are unknown or not wanted. required is 0 or 2. A program that enforces
// FIPS 140-3 has no SHA-1, and so no version 1.
func (w *wrapper) checkVersion(required int) error {
	if w.signatureVersion == "2" {
		return nil
	}
	if w.signatureVersion != "1" || required == 2 || fips140.Enforced() {
		return refuse(signatureVersion)
	}
	return nil
}

// decodeSignature returns the bytes of the signature.
func (w *wrapper) decodeSignature() ([]byte, error) {
	sig, err := base64.StdEncoding.Strict().DecodeString(w.signature)
	if err != nil {
		return nil, refuse(signatureForm)
	}
	return sig, nil
}

// verify checks sig over the fields as received. The version was checked before.
func (w *wrapper) verify(key *rsa.PublicKey, sig []byte) error {
	var err error
	if w.signatureVersion == "2" {
		sum := sha256.Sum256(w.stringToSign())
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig)
	} else {
		sum := sha1.Sum(w.stringToSign()) //nolint:gosec // see the import
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], sig)
	}
	if err != nil {
		return refuse(signatureWrong)
	}
	return nil
}

// checkAge refuses what is older than maxAge, 0 meaning no limit, or further ahead of now than clocks differ.
func (w *wrapper) checkAge(now time.Time, maxAge time.Duration) error {
	at, err := time.Parse(time.RFC3339, w.timestamp)
	if err != nil {
		return refuse(badTimestamp)
	}
	if maxAge > 0 && at.Before(now.Add(-maxAge)) {
		return refuse(tooOld)
	}
	if at.After(now.Add(futureSkew)) {
		return refuse(inFuture)
	}
	return nil
}
