package manual

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"carillon/pipeline"
)

// comments reads packages of the module for what reflection does not tell.
type comments struct {
	// root is the folder of the module whose path is module.
	root, module string
	packages     map[string]*source
}

// source is what is known of one package.
type source struct {
	// fields are the comments by type and field: "Config.QueueURL".
	fields map[string]string
	// constants are the values by the name of their type, in the order in which they are declared.
	constants map[string][]constant
}

// constant is a text with a name.
type constant struct{ value, doc string }

// field returns the comment of a field of t, about its key instead of its Go name.
func (c *comments) field(t reflect.Type, f reflect.StructField, key string) (string, error) {
	src, err := c.load(t.PkgPath())
	if err != nil {
		return "", err
	}
	doc := src.fields[t.Name()+"."+f.Name]
	if doc == "" {
		return "", fmt.Errorf("describing %s: field %s.%s has no comment", key, t, f.Name)
	}
	return about(doc, f.Name, key), nil
}

// about puts key in place of the Go name that a comment begins with.
func about(doc, name, key string) string {
	if rest, ok := strings.CutPrefix(doc, name+" "); ok {
		return "`" + key + "` " + rest
	}
	return doc
}

// enum returns the constants of a named type.
func (c *comments) enum(t reflect.Type) ([]constant, error) {
	if t.PkgPath() == "" {
		return nil, nil
	}
	src, err := c.load(t.PkgPath())
	if err != nil {
		return nil, err
	}
	return src.constants[t.Name()], nil
}

func (c *comments) load(pkg string) (*source, error) {
	if src, ok := c.packages[pkg]; ok {
		return src, nil
	}
	below, ok := strings.CutPrefix(pkg, c.module+"/")
	if !ok {
		return &source{}, nil
	}
	folder := filepath.Join(c.root, filepath.FromSlash(below))
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("reading the comments of %s: %w", pkg, err)
	}
	src := &source{fields: map[string]string{}, constants: map[string][]constant{}}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, e.Name()), nil, parser.ParseComments)
		if err != nil {
			return nil, fmt.Errorf("reading the comments of %s: %w", pkg, err)
		}
		src.read(file)
	}
	c.packages[pkg] = src
	return src, nil
}

func (s *source) read(file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range group.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if body, ok := spec.Type.(*ast.StructType); ok {
					s.readFields(spec.Name.Name, body)
				}
			case *ast.ValueSpec:
				s.readConstant(spec)
			}
		}
	}
}

func (s *source) readFields(of string, body *ast.StructType) {
	for _, f := range body.Fields.List {
		for _, name := range f.Names {
			s.fields[of+"."+name.Name] = oneLine(f.Doc)
		}
	}
}

func (s *source) readConstant(spec *ast.ValueSpec) {
	of, ok := spec.Type.(*ast.Ident)
	if !ok || len(spec.Names) != len(spec.Values) {
		return
	}
	for i, value := range spec.Values {
		literal, ok := value.(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			continue
		}
		if text, err := strconv.Unquote(literal.Value); err == nil {
			doc := about(oneLine(spec.Doc), spec.Names[i].Name, text)
			s.constants[of.Name] = append(s.constants[of.Name], constant{text, doc})
		}
	}
}

// about returns what the comments of config.Config say about a section, which is in the form "NATS is nats: where JetStream runs.".
func (s *source) about(section string) string {
	for _, doc := range s.fields {
		if _, rest, ok := strings.Cut(doc, " is "+section+": "); ok {
			return strings.ToUpper(rest[:1]) + rest[1:]
		}
	}
	return ""
}

var saysDefault = regexp.MustCompile(` Default (\S+?)\.( |$)`)

// agree takes the default out of the comment, where it stands once more, and sees that it is the right one.
func (k *Key) agree(v reflect.Value) error {
	said := saysDefault.FindStringSubmatch(k.Doc)
	if said == nil {
		return nil
	}
	same := said[1] == fmt.Sprint(k.Default)
	if d, ok := reflect.TypeAssert[time.Duration](v); ok {
		other, err := time.ParseDuration(said[1])
		same = err == nil && other == d
	}
	if size, ok := reflect.TypeAssert[pipeline.Size](v); ok {
		var other pipeline.Size
		same = other.UnmarshalText([]byte(said[1])) == nil && other == size
	}
	if !same {
		return fmt.Errorf("describing %s: its comment says that the default is %s, and it is %v", k.Path, said[1], k.Default)
	}
	k.Doc = strings.TrimSpace(saysDefault.ReplaceAllString(k.Doc, "$2"))
	return nil
}

func oneLine(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }
